"""What somebody declares of an object, such as a manifest: an absent field is not a null one."""

from typing import Any, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

Value = TypeVar("Value")
Declarable: TypeAlias = Value | UnsetType
"""A field that leaves the stored value alone where it is absent (UNSET)."""


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """The base of what is declared of one kind of object."""

    def given(self) -> dict[str, Any]:
        """The fields that are not absent, by name."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in fields.items() if value is not UNSET}
