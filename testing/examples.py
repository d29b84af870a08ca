"""How hypothesis looks for examples: one profile for every test, loaded by the plugin of databases.

The suite tries the same examples every time, however slow the machine is. With FUZZ_EXAMPLES in
the environment every test looks at others each time, and the fuzzers at that many.
"""

import os
from typing import Final

from hypothesis import HealthCheck, settings

PROFILE: Final = "bursar"
FUZZ_EXAMPLES: Final = int(os.environ.get("FUZZ_EXAMPLES", "40"))
IS_LONG: Final = "FUZZ_EXAMPLES" in os.environ


def load_profile() -> None:
    settings.register_profile(
        PROFILE,
        deadline=None,
        derandomize=not IS_LONG,
        database=None,
        print_blob=True,
        # Nothing may depend on the speed of the machine. Fixtures of a function are meant to
        # be shared by its examples: a database is too much to make for each.
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
    settings.load_profile(PROFILE)
