"""Column kinds that several domains share."""

from typing import Any

from sqlalchemy import BigInteger, Integer, String
from sqlalchemy.types import TypeEngine

BIG_ID: TypeEngine[Any] = BigInteger().with_variant(Integer(), "sqlite")
"""A generated 64-bit id. SQLite generates ids only for a column of its type INTEGER."""

SORTABLE: TypeEngine[Any] = String().with_variant(String(collation="C"), "postgresql")
"""Text that both databases order by code point."""
