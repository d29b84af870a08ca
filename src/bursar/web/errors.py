"""Refusals as classes. Each knows its status and its body; the pipeline renders it."""

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """Anything that ends a request with a status of 4xx."""

    def __init__(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body
        self.headers = dict(headers or {})


class Refusal(ApiError):
    """A status with a sentence: `{"detail": ...}`."""

    default_status = 400
    default_detail = "Bad request."

    def __init__(
        self,
        detail: str | None = None,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        body = {"detail": detail or self.default_detail}
        super().__init__(status or self.default_status, body, headers)


class Unauthorized(Refusal):
    default_status = 401
    default_detail = "Authentication credentials were not provided."

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'JWT realm="api"'})


class Forbidden(Refusal):
    default_status = 403
    default_detail = "You do not have permission to perform this action."


class NotFound(Refusal):
    """The object is unknown, malformed or another enterprise's. The answer does not say which."""

    default_status = 404
    default_detail = "Not found."


class InvalidPage(NotFound):
    default_detail = "Invalid page."


class UnacceptableFormat(Refusal):
    default_status = 406
    default_detail = "Could not satisfy the request Accept header."


class TooLarge(Refusal):
    default_status = 413
    default_detail = "The request body is too large."


class UnsupportedMediaType(Refusal):
    default_status = 415

    def __init__(self, media_type: str) -> None:
        super().__init__(f'Unsupported media type "{media_type}" in request.')


class BusinessRule(Refusal):
    """The request is valid, but a business rule refuses it."""

    default_status = 422


class Throttled(Refusal):
    default_status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            f"Request was throttled. Expected available in {retry_after} seconds.",
            headers={"Retry-After": str(retry_after)},
        )


class InvalidFields(ApiError):
    """Every field that is wrong, with its messages."""

    def __init__(self, errors: Mapping[str, Any]) -> None:
        super().__init__(400, dict(errors))
