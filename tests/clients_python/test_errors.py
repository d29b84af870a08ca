import httpx
import pytest

from bursar_client import (
    ApiError,
    BadRequest,
    ConnectionFailed,
    CursorForgotten,
    Forbidden,
    NotFound,
    Refused,
    ServerFailed,
    TooLarge,
    Unavailable,
    UnexpectedAnswer,
)
from bursar_client.retries import NEVER
from tests.clients_python.scripted import Script, answer


def _raised(response: httpx.Response) -> ApiError:
    with pytest.raises(ApiError) as raised:
        Script([response]).bursar(NEVER).policies.get("p1")
    return raised.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequest),
        (403, Forbidden),
        (404, NotFound),
        (410, CursorForgotten),
        (413, TooLarge),
        (422, Refused),
        (500, ServerFailed),
        (503, Unavailable),
        (418, ApiError),
    ],
)
def test_each_status_has_its_type(status: int, kind: type[ApiError]) -> None:
    error = _raised(answer({"detail": "No such policy."}, status))
    assert type(error) is kind
    assert error.status == status
    assert error.detail == "No such policy."
    assert error.request_id == "req-1"
    assert str(error) == (
        f"No such policy. ({status} to GET /enterprise/v1/subsidy-access-policies/p1/,"
        " request req-1)"
    )


def test_all_that_is_wrong_with_fields_is_told() -> None:
    body = {
        "learner_emails": {"3": ["Enter a valid email address."]},
        "content_key": ["This field is required."],
    }
    error = _raised(answer(body, 400))
    assert isinstance(error, BadRequest)
    assert error.fields == {
        "learner_emails.3": ["Enter a valid email address."],
        "content_key": ["This field is required."],
    }
    assert "learner_emails.3: Enter a valid email address." in error.detail


def test_reasons_of_a_refusal() -> None:
    reasons = [{"reason": "not_enough_value_in_subsidy", "user_message": "It is spent."}]
    error = _raised(answer(reasons, 422))
    assert isinstance(error, Refused)
    assert error.reasons == reasons
    assert error.detail == "It is spent."


def test_a_forgotten_cursor_names_the_oldest() -> None:
    error = _raised(answer({"detail": "Forgotten.", "oldest": "c9"}, 410))
    assert isinstance(error, CursorForgotten)
    assert error.oldest == "c9"


def test_a_proxy_that_answers_with_html() -> None:
    page = httpx.Response(502, content=b"<html>Bad gateway</html>")
    error = _raised(page)
    assert isinstance(error, Unavailable)
    assert error.detail == "<html>Bad gateway</html>"
    assert error.request_id is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", "not JSON"),
        (b"[]", "not an object"),
        (b'{"results": 1}', "not a list"),
        (b'{"results": [{"uuid": "p1"}]}', "no Plan"),
    ],
)
def test_an_answer_that_is_something_else(body: bytes, said: str) -> None:
    with pytest.raises(UnexpectedAnswer, match=said):
        list(Script([httpx.Response(200, content=body)]).bursar().subscriptions.find())


def test_no_answer() -> None:
    with pytest.raises(ConnectionFailed, match="GET /enterprise/v1/me"):
        Script([httpx.ConnectError("refused")]).bursar(NEVER).me()


def test_an_enterprise_must_be_named_somewhere() -> None:
    bursar = Script([]).bursar()
    bursar.policies._default_enterprise = None
    with pytest.raises(ValueError, match="which enterprise"):
        bursar.policies.find()
