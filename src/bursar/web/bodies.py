"""Reads the bodies of requests: not too large, and not too slow."""

from collections.abc import AsyncIterator
from typing import Any, Final

from litestar import Request
from litestar.exceptions import ClientException, HTTPException, InternalServerException

from bursar.web.pace import BODY_PATIENCE, Pace
from bursar.web.rendering import Incoming

TOO_SLOW: Final = (
    "The body of the request came too slowly. Send it again, in smaller parts or over a faster "
    "connection."
)


async def read_body(
    request: Request[Any, Any, Any], incoming: Incoming, limit: int, *, slowest: int
) -> None:
    """Reads the body into `incoming`, or notes that it is too large without keeping it.

    `slowest` is how many bytes a second have to come. Raises ClientException when the body ends
    early or has malformed chunks, and HTTPException with 408 when it is too slow.
    """
    declared = incoming.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > limit:
        incoming.is_too_large = True
        return
    try:
        parts = await _parts_within(request.stream(), limit, Pace(slowest, BODY_PATIENCE))
    except InternalServerException:
        # Without this, Litestar would answer 500, as for a defect of ours.
        raise ClientException("The request body ended early.") from None
    except TimeoutError:
        raise HTTPException(TOO_SLOW, status_code=408) from None
    incoming.is_too_large = parts is None
    incoming.body = b"".join(parts or ())


async def _parts_within(coming: AsyncIterator[bytes], limit: int, pace: Pace) -> list[bytes] | None:
    """The parts of the body, or None when they are larger than the limit."""
    parts: list[bytes] = []
    total = 0
    while (part := await pace.part(anext(coming, None), _size)) is not None:
        total += len(part)
        if total > limit:
            return None
        parts.append(part)
    return parts


def _size(part: bytes | None) -> int:
    return len(part or b"")
