"""What is odd about what manifests declare, though nothing forbids it."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.catalog.catalogs.warnings import filter_warnings
from bursar.provisioning.manifest import Manifest
from bursar.provisioning.problems import problem
from bursar.provisioning.references import placed_enterprises


def declared_filter_warnings(session: Session, manifests: Sequence[Manifest]) -> list[str]:
    """Of the filters that these manifests name, as `path: why`. The manifests were applied."""
    places = _places(manifests)
    if not places:
        return []
    return [
        problem(places[uuid] + (f".{warning.key}" if warning.key else ""), warning.message)
        for warning in filter_warnings(session, places.keys())
        for uuid in warning.catalogs
    ]


def _places(manifests: Sequence[Manifest]) -> dict[UUID, str]:
    return {
        catalog.uuid: f"{place}.catalogs[{index}].content_filter"
        for place, enterprise in placed_enterprises(manifests)
        for index, catalog in enumerate(enterprise.catalogs)
        if catalog.content_filter
    }
