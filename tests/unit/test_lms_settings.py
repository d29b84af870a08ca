import pytest
from pydantic import ValidationError

from bursar.connectors.openedx.adapter import OpenEdxGateway
from bursar.enrollment.gateway import EmbeddedGateway
from bursar.settings import Settings
from bursar.work import gateway_of

URL = "https://lms.example.org"
SECRET = "lms-hunter2-secret"


def settings(**values: object) -> Settings:
    return Settings.model_validate(values)


def with_lms(**values: object) -> Settings:
    return settings(
        **{"lms_url": URL, "lms_client_id": "bursar", "lms_client_secret": SECRET} | values
    )


def problems(**values: object) -> list[str]:
    with pytest.raises(ValidationError) as raised:
        settings(**values)
    assert SECRET not in str(raised.value)
    return [str(error["loc"][0]) for error in raised.value.errors(include_input=False)]


def test_without_an_lms_bursar_is_the_lms() -> None:
    assert isinstance(gateway_of(settings()), EmbeddedGateway)


def test_with_an_lms_its_connector_is_chosen() -> None:
    gateway = gateway_of(with_lms())
    assert isinstance(gateway, OpenEdxGateway)
    gateway.close()


def test_an_lms_needs_both_credentials() -> None:
    assert problems(lms_url=URL) == ["lms_client_id", "lms_client_secret"]
    assert problems(lms_url=URL, lms_client_secret=SECRET) == ["lms_client_id"]
    assert problems(lms_url=URL, lms_client_id="bursar") == ["lms_client_secret"]


@pytest.mark.parametrize(
    "url",
    [
        "lms.example.org", "ftp://lms.example.org", "https://", "https:///x", "//lms.example.org",
        "https://me:secret@lms.example.org", "https://lms.example.org?x=1", "http://x:99999",
        "http://[::1", "https://lms.example.org#x",
    ],
)  # fmt: skip
def test_an_lms_url_is_the_root_of_a_web_server(url: str) -> None:
    assert problems(lms_url=url, lms_client_id="x", lms_client_secret=SECRET) == ["lms_url"]


def test_a_slash_at_the_end_does_not_matter() -> None:
    assert with_lms(lms_url=f"{URL}/").lms_url == URL


@pytest.mark.parametrize("name", ["lms_timeout", "lms_attempts", "lms_connections"])
@pytest.mark.parametrize("value", [0, -1, 1_000_000, "x"])
def test_a_number_out_of_its_bounds_is_refused(name: str, value: object) -> None:
    assert problems(**{name: value}) == [name]


def test_the_secret_is_never_shown() -> None:
    made = with_lms()
    assert SECRET not in f"{made} {made!r} {made.model_dump()} {made.model_dump_json()}"
