"""Figures that an installation is watched by, read from the database when somebody asks."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection

Labels: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    """As Prometheus shows it: `bursar_jobs`. Its unit stands at its end."""
    about: str
    labels: tuple[str, ...]
    values: Mapping[Labels, float]
    """By the values of the labels, which never hold a key, an id or an address."""


FigureReader: TypeAlias = Callable[[Connection, datetime], Iterable[Figure]]
"""Is asked every few seconds at most, and must be cheap however many rows there are."""


def age_seconds(since: datetime | None, now: datetime) -> float:
    """0 when there is nothing that could be old, so that an alert on a long time stays quiet."""
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
