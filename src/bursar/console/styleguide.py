"""Every element of the console in all of its states, for whoever builds or checks one."""

from datetime import date, timedelta
from typing import Final

from sqlalchemy import Connection

from bursar.console.learning.charts import spans, top_of_axis
from bursar.console.screens import Reach, Screens
from bursar.console.visits import Html, Visit

screens: Final = Screens()
STYLE_GUIDE: Final = "/console/styleguide"
_FIRST: Final = date(2026, 1, 5)
_DAYS: Final = 14
_COUNTS: Final = {_FIRST + timedelta(days=number): number * 7 % 19 for number in range(_DAYS)}


@screens.get(STYLE_GUIDE, reach=Reach.OPERATOR)
def show_style_guide(_visit: Visit, _connection: Connection) -> Html:
    last = _FIRST + timedelta(days=_DAYS - 1)
    shown = spans(_FIRST, last, _COUNTS, {day: count // 3 for day, count in _COUNTS.items()})
    return Html("styleguide.html", {"spans": shown, "top": top_of_axis(max(_COUNTS.values()))})
