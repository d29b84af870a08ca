"""How the models of other services look in a dump, as far as Bursar reads them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Generic, TypeAlias, TypeVar
from uuid import UUID

import msgspec

Instant: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]


class KnownFields(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The fields of a model of which only some matter, such as the settings of a customer."""


class AllFields(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Every field that a model ever had. Of seats and money nothing may be overlooked, so another
    field is a question to the operator."""


F = TypeVar("F", bound=KnownFields | AllFields)


def _nothing(_fields: object) -> None:
    return None


@dataclass(frozen=True)
class Shape(Generic[F]):
    """A model that is read. Its objects are found by `pk`, and by the three texts."""

    model: str
    """As `dumpdata` names it, such as `subscriptions.license`."""
    fields: type[F]
    pk: type[UUID] | type[int] = UUID
    parent: Callable[[F], object] = field(default=_nothing)
    """The object that it belongs to."""
    within: str | None = None
    """The model of the parent, which then must be in the dumps."""
    link: Callable[[F], object] = field(default=_nothing)
    """Another object that it names."""
    key: Callable[[F], str | None] = field(default=_nothing)
    """What must not be twice within the parent."""
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", frozenset(self.fields.__struct_fields__))

    @property
    def table(self) -> str:
        return self.model.replace(".", "_")
