"""Takes the documents out of what holds several: pages of an API, and fixtures.

A page is an answer of the discovery service or of this API. A fixture is what `dumpdata` of the old
catalog service writes: `{"model": "catalog.contentmetadata", "fields": {"json_metadata": ...}}`,
where json_metadata is the document, or its JSON as a string.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from bursar.catalog.content.content_types import ContentType
from bursar.catalog.content.documents import Document, decode_document, document_of
from bursar.catalog.content.recognising import is_page
from bursar.catalog.content.refusals import BrokenDocument

_FIXTURE_MODEL: Final = "catalog.contentmetadata"


def documents_in(raw: bytes) -> Iterator[Document | str]:
    """The documents of one JSON value, each with the reason instead when it cannot be one.

    A page gives its items, and only those: an item that is a page again is refused.
    """
    try:
        data = decode_document(raw)
    except BrokenDocument as error:
        yield str(error)
        return
    if is_page(data):
        for position, item in enumerate(data["results"]):
            yield _item(item, position)
    elif _is_fixture(data):
        yield _parsed(data["fields"])
    else:
        yield _plain(data)


def _plain(data: dict[str, Any]) -> Document | str:
    try:
        return document_of(data)
    except BrokenDocument as error:
        return str(error)


def _item(item: object, position: int) -> Document | str:
    if not isinstance(item, dict):
        return f"results[{position}]: expected a JSON object, not {type(item).__name__}"
    found = _plain(item)
    return f"results[{position}]: {found}" if isinstance(found, str) else found


def _is_fixture(data: Mapping[str, Any]) -> bool:
    model = data.get("model")
    is_content = isinstance(model, str) and model.lower() == _FIXTURE_MODEL
    return is_content and isinstance(data.get("fields"), dict)


def _parsed(fields: Mapping[str, Any]) -> Document | str:
    metadata = fields.get("json_metadata")
    try:
        if isinstance(metadata, str):
            metadata = decode_document(metadata.encode())
        if not isinstance(metadata, dict):
            raise BrokenDocument("expected a JSON object")
        return document_of(metadata, _type_in_fixture(fields, metadata))
    except (BrokenDocument, UnicodeError) as error:
        return f"fields.json_metadata: {error}"


def _type_in_fixture(fields: Mapping[str, Any], metadata: Mapping[str, Any]) -> ContentType | None:
    """What the record says of a document that does not say it itself."""
    declared = fields.get("content_type")
    if metadata.get("content_type") is None and declared in tuple(ContentType):
        return ContentType(declared)
    return None
