"""Everything that this package raises. Each answer of the server that is a refusal has a type."""

from collections.abc import Iterator, Mapping


class BursarError(Exception):
    """The base of all."""


class ConnectionFailed(BursarError):
    """No answer came, or only a part of one."""


class UnexpectedAnswer(BursarError):
    """An answer that is not what the reference describes."""


class WaitedTooLong(BursarError):
    """A job was not done in the time that was given. It goes on, and can be waited for again."""


class JobFailed(BursarError):
    """A job ended without doing everything; the message is the server's."""


class CatalogKeepsChanging(BursarError):
    """A catalog changed during each attempt to read it."""


class InvalidSignature(BursarError):
    """A webhook that its sender did not sign with this secret, or that is too old."""


class ApiError(BursarError):
    """The server refused. `str()` is what it said, with the request and its identifier."""

    def __init__(
        self,
        *,
        status: int,
        method: str,
        path: str,
        body: object,
        detail: str,
        request_id: str | None,
        retry_after: float | None = None,
    ) -> None:
        self.status = status
        self.method = method
        self.path = path
        self.body = body
        """The parsed JSON of the answer, or its text."""
        self.detail = detail
        """The server's words."""
        self.request_id = request_id
        """Give it to who runs the server: it finds the request in the log."""
        self.retry_after = retry_after
        """Seconds after which the server asks to try again."""
        known_as = f", request {request_id}" if request_id else ""
        super().__init__(f"{detail} ({status} to {method} {path}{known_as})")


class BadRequest(ApiError):
    """400: something in the request is wrong. `fields` says what."""

    @property
    def fields(self) -> dict[str, list[str]]:
        """All messages by the path of the field: `learner_emails.3`."""
        found: dict[str, list[str]] = {}
        for path, message in messages_of(self.body):
            found.setdefault(path, []).append(message)
        return found


class Unauthorized(ApiError):
    """401: the token or the credentials are not accepted."""


class Forbidden(ApiError):
    """403: the client's role does not allow it."""


class NotFound(ApiError):
    """404: there is no such thing, or it is not this client's."""


class CursorForgotten(ApiError):
    """410: what follows the cursor is not kept any more."""

    @property
    def oldest(self) -> str | None:
        """The cursor from which everything that is kept follows."""
        oldest = self.body.get("oldest") if isinstance(self.body, dict) else None
        return oldest if isinstance(oldest, str) else None


class TooLarge(ApiError):
    """413: the body is larger than the server accepts."""


class Refused(ApiError):
    """422: the request was understood, and a business rule refuses it."""

    @property
    def reasons(self) -> list[dict[str, object]]:
        """`reason` and `user_message` of each, where the server gives them."""
        found = self.body if isinstance(self.body, list) else []
        return [reason for reason in found if isinstance(reason, dict)]


class RateLimited(ApiError):
    """429, still after waiting as long as the retries allow."""


class ServerFailed(ApiError):
    """A status from 500 on."""


class Unavailable(ServerFailed):
    """502, 503 or 504, still after waiting as long as the retries allow."""


_BY_STATUS: Mapping[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    410: CursorForgotten,
    413: TooLarge,
    422: Refused,
    429: RateLimited,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def kind_of(status: int) -> type[ApiError]:
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return ServerFailed if status >= 500 else ApiError


def messages_of(body: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Of errors by field, however deep."""
    if isinstance(body, dict):
        for name, inner in body.items():
            yield from messages_of(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(body, list):
        for inner in body:
            yield from messages_of(inner, path)
    elif body is not None:
        yield path, str(body)


def words_of(body: object) -> str:
    """What an answer says, in one line."""
    if isinstance(body, dict):
        for name in ("detail", "error_description", "error"):
            if isinstance(body.get(name), str):
                return str(body[name])
    if isinstance(body, list):
        said = [str(part["user_message"]) for part in body if _speaks(part)]
        if said:
            return " ".join(said)
    if isinstance(body, str):
        return body.strip()[:300] or "The server said nothing."
    return "; ".join(
        f"{path}: {message}" if path else message for path, message in messages_of(body)
    )


def _speaks(part: object) -> bool:
    return isinstance(part, dict) and "user_message" in part
