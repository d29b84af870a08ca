"""What bodies an endpoint takes: JSON, and CSV where it says so."""

from bursar.web.endpoint import Endpoint
from bursar.web.errors import TooLarge, UnsupportedMediaType
from bursar.web.negotiation import declares, declares_json
from bursar.web.rendering import Incoming
from bursar.web.validation import decode_json


def check_media_type(endpoint: Endpoint, incoming: Incoming) -> None:
    """Raises UnsupportedMediaType and TooLarge."""
    declared = incoming.headers.get("content-type", "")
    is_known = declares_json(declared) or _is_csv(endpoint, declared)
    # Some clients declare a form of length zero when they post nothing.
    if (incoming.body or incoming.is_too_large) and not is_known:
        raise UnsupportedMediaType(declared.partition(";")[0].strip())
    if incoming.is_too_large:
        raise TooLarge


def decoded_body(endpoint: Endpoint, incoming: Incoming) -> object:
    """Raises ApiError (400) for what is not of its media type."""
    declared = incoming.headers.get("content-type", "")
    if endpoint.from_csv is not None and _is_csv(endpoint, declared):
        return endpoint.from_csv(incoming.body)
    return decode_json(incoming.body)


def _is_csv(endpoint: Endpoint, declared: str) -> bool:
    return endpoint.from_csv is not None and declares(declared, "text/csv")
