"""From what a screen answers to a page."""

from functools import cache
from typing import Any, Final
from uuid import uuid4

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from bursar.console import figures
from bursar.console.assets import Assets
from bursar.console.navigation import rail
from bursar.console.visits import Html, Visit

ROWS: Final = 50
"""Of a table."""


@cache
def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("bursar.console"),
        autoescape=select_autoescape(["html"], default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.do"],
    )
    made.filters |= {
        name: getattr(figures, name)
        for name in (
            "ago",
            "counted",
            "day",
            "dollars",
            "exact",
            "instant",
            "lasting",
            "money",
            "number",
        )
    }
    made.globals |= {"percent": figures.percent, "new_key": lambda: str(uuid4())}
    return made


def page(visit: Visit, html: Html) -> bytes:
    given: dict[str, Any] = {
        "visit": visit,
        "now": visit.now,
        "brand": visit.settings.console_name,
        "assets": Assets.of(visit.settings.console_accent),
        "rail": rail(visit),
        **html.context,
    }
    return environment().get_template(html.template).render(given).encode("utf-8", "replace")
