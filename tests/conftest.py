from collections.abc import Iterator

import pytest
import structlog

pytest_plugins = ["testing.databases.plugin"]


@pytest.fixture(autouse=True)
def _logs_are_left_as_they_were() -> Iterator[None]:
    """A test that configures the logs of its process makes others fail, whose streams are not its
    own. Commands that do so run in processes of their own."""
    yield
    factory = structlog.get_config()["logger_factory"]
    if isinstance(factory, structlog.WriteLoggerFactory):
        structlog.reset_defaults()
        pytest.fail("it configured the logs of its process")
