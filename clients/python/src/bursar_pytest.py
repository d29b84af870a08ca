"""A plugin of pytest: fixtures for tests of what an integration does with a sandbox.

pytest loads it wherever the client is installed. So it is no part of the client's package, which it
imports only when a test wants it.
"""

import os
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import pytest

if TYPE_CHECKING:
    from bursar_client import Bursar

T = TypeVar("T")
Eventually: TypeAlias = Callable[[Callable[[], T]], T]
SETTINGS = {
    "url": "The URL of the server, such as https://bursar.example.org.",
    "client_id": "The client, which is an administrator of the sandbox.",
    "enterprise": "The UUID of the sandbox; needed when the client has several enterprises.",
}
"""In an ini file as `bursar_url`, in the environment as `BURSAR_SANDBOX_URL`, which goes before."""
SECRET = "BURSAR_SANDBOX_CLIENT_SECRET"  # noqa: S105 - a name
"""In the environment only, because files end in repositories."""
PATIENCE_SECONDS = 30.0
PAUSE_SECONDS = 0.2


def pytest_addoption(parser: pytest.Parser) -> None:
    for name, meaning in SETTINGS.items():
        parser.addini(f"bursar_{name}", meaning, default="")


@pytest.fixture
def bursar(pytestconfig: pytest.Config) -> "Iterator[Bursar]":
    """The client, for one test. The sandbox was reset before, and is reset afterwards, so that no
    test sees the mails and the faults of another."""
    with _connected(pytestconfig) as connected:
        _begin_anew(connected)
        yield connected
        connected.sandbox.reset()


@pytest.fixture
def eventually() -> Eventually[T]:
    """Asks again and again, for half a minute, until there is an answer that counts as true: much
    is done by a worker, moments after the request that made it necessary."""
    return _eventually


def _connected(config: pytest.Config) -> "Bursar":
    from bursar_client import Bursar  # noqa: PLC0415 - see above

    values = {name: _setting(config, name) for name in SETTINGS}
    values["client_secret"] = os.environ.get(SECRET, "")
    if missing := [name for name, value in values.items() if not value and name != "enterprise"]:
        names = ", ".join(f"BURSAR_SANDBOX_{name.upper()}" for name in missing)
        pytest.fail(f"Say where the sandbox is, in the environment: {names}.", pytrace=False)
    return Bursar(
        values["url"],
        client_id=values["client_id"],
        client_secret=values["client_secret"],
        enterprise=values["enterprise"] or _only_enterprise(values),
    )


def _setting(config: pytest.Config, name: str) -> str:
    return os.environ.get(f"BURSAR_SANDBOX_{name.upper()}") or str(config.getini(f"bursar_{name}"))


def _only_enterprise(values: dict[str, str]) -> str:
    from bursar_client import Bursar  # noqa: PLC0415 - see above

    secret = values["client_secret"]
    with Bursar(values["url"], client_id=values["client_id"], client_secret=secret) as asking:
        found = asking.me().enterprises
    if len(found) != 1:
        pytest.fail(
            f"The client has {len(found)} enterprises. Name the sandbox: "
            "BURSAR_SANDBOX_ENTERPRISE.",
            pytrace=False,
        )
    return found[0].uuid


def _begin_anew(connected: "Bursar") -> None:
    """Nothing is done to an enterprise that is none."""
    from bursar_client import NotFound  # noqa: PLC0415 - see above

    try:
        connected.sandbox.reset()
    except NotFound:
        pytest.fail(
            "The enterprise is no sandbox of this client. Tests run in enterprises only that are "
            "declared with `sandbox: true`.",
            pytrace=False,
        )


def _eventually(question: Callable[[], T]) -> T:
    end = time.monotonic() + PATIENCE_SECONDS
    while not (answer := question()):
        if time.monotonic() > end:
            pytest.fail(f"After {PATIENCE_SECONDS:.0f} seconds the answer is still {answer!r}.")
        time.sleep(PAUSE_SECONDS)
    return answer
