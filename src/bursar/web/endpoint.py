"""What an endpoint declares. The pipeline checks and runs all endpoints in the same order."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.tenancy import Owned
from bursar.web.call import Answer, Call
from bursar.web.negotiation import Format
from bursar.web.query import Query

Read = Callable[[Call, Connection], Answer[Any]]
Write = Callable[[Call, Session], Answer[Any]]
FromCsv = Callable[[bytes], object]

PLACEHOLDER: Final = re.compile(r"\{(\w+):(\w+)\}")
"""A parameter in the path of an endpoint: its name and its kind."""


def documented(path: str) -> str:
    """The path of an endpoint as the documentation writes it, without the kinds."""
    return PLACEHOLDER.sub(r"{\1}", path)


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the OpenAPI document, from an answer to an operation that can be called next."""

    to: str
    """The other operation's summary."""
    parameters: Mapping[str, str]
    """Each parameter of the other's path, as a runtime expression of OpenAPI."""


@dataclass(frozen=True, slots=True)
class Documentation:
    summary: str
    description: str = ""
    tag: str = ""
    response: Any = None
    """A msgspec type, or a JSON schema as a mapping, of a good answer."""
    example: Any = None
    status: int = 200
    refusals: tuple[int, ...] = ()
    """Statuses beyond those that every endpoint can answer."""
    also: tuple[int, ...] = ()
    """Good statuses beside `status`: they have the content, and a `status` of 204 has none."""
    links: tuple[Link, ...] = ()
    has_location: bool = False
    """Whether a good answer may have a `Location`; one of 201 always has."""
    headers: tuple[str, ...] = ()
    """Headers of a good answer beyond those that all answers of its method have."""


@dataclass(frozen=True, slots=True, eq=False)
class Endpoint:
    """`path` is written `/enterprise/v2/things/{thing_id:uuid}`; kinds are uuid, str and path.

    Exactly one of `read` (one of GET) and `write` (POST, PUT, PATCH, DELETE) is given. A write
    runs in one transaction, needs the role admin in the target's enterprise, and has its body
    checked against `body`.
    """

    method: str
    path: str
    documentation: Documentation
    owned: Owned[Any] | None = None
    query_names: tuple[str, ...] = ()
    """Query parameters that `owned` binds beside the path's: UUIDs, each of them required."""
    read: Read | None = None
    write: Write | None = None
    query: type[Query] | None = None
    body: type[BaseModel] | None = None
    from_csv: FromCsv | None = None
    """Reads a body of `text/csv`, which may come in place of JSON, as what JSON would hold. It
    raises ApiError."""
    needs: tuple[type, ...] = ()
    """The types of which the composition must provide an instance."""
    formats: tuple[Format, ...] = (Format.JSON, Format.XML)
    from_standby: bool = False
    """Whether a standby, whose data may be a moment old, may answer a read."""
    only_admin: bool = False
    """Whether a read needs the role admin in the target's enterprise, as writes do."""
    ignores_accept: bool = False
    """For a file, which always has the first of `formats`, whatever `Accept` says. The format of
    its refusals is still negotiated."""
