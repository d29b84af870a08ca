"""What all catalog answers share: validators, 304, remembered bytes, content coding."""

from collections.abc import Callable
from datetime import datetime

import msgspec

from bursar.catalog.catalogs.cache import CatalogServices, MemberIndex, View
from bursar.catalog.content.documents import Links
from bursar.database.types import AnyRow
from bursar.web.call import Answer, Call
from bursar.web.compression import (
    MINIMUM_BYTES,
    Coding,
    choose_coding,
    compress,
    decompress,
    length_of,
)
from bursar.web.conditional import etag_of, http_date, is_unchanged, known_tag
from bursar.web.negotiation import Format
from bursar.web.xml import to_xml


def services_of(call: Call) -> CatalogServices:
    services: CatalogServices = call.services.catalog
    return services


def links_of(call: Call) -> Links:
    catalog = call.found
    return Links(call.settings.lms_public_url, catalog.enterprise_uuid, catalog.uuid, catalog.slug)


def catalog_last_modified(catalog: AnyRow, index: MemberIndex, view: View) -> datetime:
    latest: datetime = max(
        catalog.modified_at, catalog.query_since, index.content_modified_at, view.boundary
    )
    return latest


def conditional_page(
    call: Call,
    state: tuple[object, ...],
    last_modified: datetime,
    build: Callable[[], bytes],
) -> Answer:
    """304, remembered bytes, or new ones from `build`, which gives JSON.

    `state` and the catalog's own columns decide every byte; together with the URL they name it.
    """
    catalog = call.found
    etag = etag_of(
        catalog.uuid,
        catalog.query_uuid,
        catalog.modified_at,
        catalog.slug,
        call.settings.lms_public_url,
        call.url,
        call.query.raw,
        call.negotiated.format,
        *state,
    )
    return _finish(call, etag, last_modified, build)


def conditional_value(call: Call, body: bytes, last_modified: datetime | None) -> Answer:
    """As `conditional_page`, for a small answer that names itself by its bytes."""
    return _finish(call, etag_of(body, call.negotiated.format), last_modified, lambda: body)


def _finish(
    call: Call, etag: str, last_modified: datetime | None, build: Callable[[], bytes]
) -> Answer:
    headers = {"ETag": f'"{etag}"', "Cache-Control": "private, no-cache"}
    if last_modified is not None:
        headers["Last-Modified"] = http_date(last_modified)
    asked = call.headers.get
    if is_unchanged(asked("if-none-match"), asked("if-modified-since"), etag, last_modified):
        headers["ETag"] = f'"{known_tag(asked("if-none-match"), etag)}"'
        return Answer(status=304, headers=headers)
    packed = _remembered(call, etag, "zstd", lambda: _formatted(call, build()))
    coding = choose_coding(asked("accept-encoding"))
    if coding is None or length_of(packed) < MINIMUM_BYTES:
        return Answer(body=decompress(packed), headers=headers)
    headers["Content-Encoding"] = coding
    headers["ETag"] = f'"{etag}-{coding}"'
    if coding != "zstd":
        packed = _remembered(call, etag, coding, lambda: decompress(packed))
    return Answer(body=packed, headers=headers)


def _formatted(call: Call, body: bytes) -> bytes:
    return body if call.negotiated.format is Format.JSON else to_xml(msgspec.json.decode(body))


def _remembered(call: Call, etag: str, coding: Coding, build: Callable[[], bytes]) -> bytes:
    """Compressed: many times as many pages fit, and giving one out plain costs next to nothing."""
    pages = services_of(call).pages
    key = (etag, coding)
    packed = pages.get(key)
    if packed is None:
        packed = compress(build(), coding)
        pages.put(key, packed)
    return packed
