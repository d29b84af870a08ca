"""Typed routes: what an endpoint declares is inferred from the signature of its function.

    routes = Routes(tag="policy-allocation", refusals=REFUSALS)

    @routes.post("/enterprise/v1/policy-allocation/{policy_uuid:uuid}/allocate", status=202)
    def allocate(
        policy: OwnedPolicy, body: AllocateBody, caller: Caller, session: Session
    ) -> AllocationAnswer:
        \"\"\"Allocate a course to learners

        Reserves the price for every learner who is new to it, and mails them.
        \"\"\"

The first line of the docstring is the summary in the OpenAPI document, the rest its description.
Each parameter is recognised by its type; `_argument` lists the kinds. The signature is read once,
when the module is imported: a request costs one call more.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from sqlalchemy import BindParameter, Connection
from sqlalchemy.orm import Session
from sqlalchemy.sql.visitors import iterate

from bursar.tenancy import Owned
from bursar.web.call import Answer, Call
from bursar.web.endpoint import PLACEHOLDER, Documentation, Endpoint, FromCsv, Link
from bursar.web.errors import ApiError
from bursar.web.negotiation import Format
from bursar.web.query import Query
from bursar.web.request import Caller, HttpRequest
from bursar.web.validation import Body, ListBody

Route = TypeVar("Route", bound=Callable[..., object])
Refusals = Mapping[type[Exception], Callable[[Any], ApiError]]
"""The answer to each refusal of a domain. The most specific class of an exception decides."""


@dataclass(frozen=True, slots=True)
class Routes:
    """The routes of one noun, which share a tag and a table of refusals."""

    tag: str
    refusals: Refusals = field(default_factory=dict)
    from_standby: bool = False
    """Whether a standby may answer reads: not those that a decision about money or seats needs."""
    only_admin: bool = False
    """Whether reads need the role admin too, as writes always do."""
    endpoints: list[Endpoint] = field(default_factory=list)
    """In the order of declaration, which is that of the OpenAPI document."""

    def get(
        self,
        path: str,
        *,
        example: object = None,
        schema: Mapping[str, Any] | None = None,
        statuses: tuple[int, ...] = (),
        links: tuple[Link, ...] = (),
        formats: tuple[Format, ...] = (Format.JSON, Format.XML),
        ignores_accept: bool = False,
        headers: tuple[str, ...] = (),
    ) -> Callable[[Route], Route]:
        """A read. `schema` describes an answer of ready bytes, which has no type. `statuses` are
        refusals in addition to those that every endpoint can answer. `headers` are named in the
        OpenAPI document's components."""
        return self._declare(
            "GET",
            path,
            example=example,
            schema=schema,
            statuses=statuses,
            links=links,
            formats=formats,
            ignores_accept=ignores_accept,
            headers=headers,
        )

    def post(
        self,
        path: str,
        *,
        status: int = 200,
        example: object = None,
        statuses: tuple[int, ...] = (),
        also: tuple[int, ...] = (),
        links: tuple[Link, ...] = (),
        has_location: bool = False,
        from_csv: FromCsv | None = None,
    ) -> Callable[[Route], Route]:
        """A write in one transaction; it takes an Idempotency-Key. `also` are good statuses beside
        `status`. `from_csv` reads a body of CSV as what JSON would hold."""
        return self._declare(
            "POST",
            path,
            status=status,
            example=example,
            statuses=statuses,
            also=also,
            links=links,
            has_location=has_location,
            from_csv=from_csv,
        )

    def put(
        self,
        path: str,
        *,
        status: int = 200,
        example: object = None,
        statuses: tuple[int, ...] = (),
    ) -> Callable[[Route], Route]:
        """A write in one transaction that may be repeated."""
        return self._declare("PUT", path, status=status, example=example, statuses=statuses)

    def patch(
        self, path: str, *, example: object = None, statuses: tuple[int, ...] = ()
    ) -> Callable[[Route], Route]:
        """A write of some fields, in one transaction, that may be repeated."""
        return self._declare("PATCH", path, example=example, statuses=statuses)

    def delete(self, path: str) -> Callable[[Route], Route]:
        """A deletion in one transaction, answered with 204, that may be repeated."""
        return self._declare("DELETE", path, status=204)

    def _declare(
        self,
        method: str,
        path: str,
        *,
        status: int = 200,
        example: object = None,
        schema: Mapping[str, Any] | None = None,
        statuses: tuple[int, ...] = (),
        also: tuple[int, ...] = (),
        links: tuple[Link, ...] = (),
        has_location: bool = False,
        formats: tuple[Format, ...] = (Format.JSON, Format.XML),
        ignores_accept: bool = False,
        headers: tuple[str, ...] = (),
        from_csv: FromCsv | None = None,
    ) -> Callable[[Route], Route]:
        def declare(route: Route) -> Route:
            sentence = _Sentence(route, path)
            summary, description = _texts(route)
            documentation = Documentation(
                summary,
                description,
                self.tag,
                response=schema or sentence.answer,
                example=example,
                status=status,
                refusals=statuses,
                also=also,
                links=links,
                has_location=has_location,
                headers=headers,
            )
            call = _refusing(sentence.call(status), self.refusals)
            self.endpoints.append(
                Endpoint(
                    method,
                    path,
                    documentation,
                    owned=sentence.owned,
                    query_names=sentence.query_names,
                    read=call if sentence.is_read else None,
                    write=None if sentence.is_read else call,
                    query=sentence.query,
                    body=sentence.body,
                    from_csv=from_csv,
                    needs=tuple(sentence.needs),
                    formats=formats,
                    from_standby=self.from_standby and sentence.is_read,
                    only_admin=self.only_admin and sentence.is_read,
                    ignores_accept=ignores_accept,
                )
            )
            return route

        return declare


Work = Callable[[Call, Connection | Session], Answer[Any]]
Argument = Callable[[Call, Connection | Session], object]


class _Sentence:
    """The signature of a route, taken apart. Raises TypeError for one that cannot be understood."""

    def __init__(self, route: Callable[..., object], path: str) -> None:
        self.owned: Owned[Any] | None = None
        self.query: type[Query] | None = None
        self.body: type[Body | ListBody] | None = None
        self.needs: list[type] = []
        self.is_read = False
        self._route = route
        self._path_names = frozenset(name for name, _ in PLACEHOLDER.findall(path))
        hints = get_type_hints(route, include_extras=True)
        answer = hints.pop("return")
        self.answer = _shown(answer)
        self._returns_answer = (get_origin(answer) or answer) is Answer
        self._arguments = {name: self._argument(name, hint) for name, hint in hints.items()}
        if tuple(hints) != tuple(inspect.signature(route).parameters):
            raise TypeError(f"{route.__name__} has a parameter without a type")

    @property
    def query_names(self) -> tuple[str, ...]:
        """The query parameters that the Owned's condition needs in addition to those of the
        path."""
        if self.owned is None:
            return ()
        bound = [
            element.key
            for element in iterate(self.owned.condition)
            if isinstance(element, BindParameter) and not element.unique
        ]
        return tuple(name for name in dict.fromkeys(bound) if name not in self._path_names)

    def _argument(self, name: str, hint: Any) -> Argument:
        for said in get_args(hint)[1:] if get_origin(hint) is Annotated else ():
            if isinstance(said, Owned):
                self.owned = said
                return _target_of
        if name in self._path_names:
            return lambda call, _database: call.path[name]
        if not isinstance(hint, type):
            raise TypeError(f"nothing says where {name} comes from")
        if hint is Connection or hint is Session:
            self.is_read = hint is Connection
            return lambda _call, database: database
        return self._typed(hint)

    def _typed(self, hint: type) -> Argument:
        if issubclass(hint, Query):
            self.query = hint
            return lambda call, _database: call.parameters
        if issubclass(hint, Body | ListBody):
            self.body = hint
            return lambda call, _database: call.body
        if hint is Caller:
            return lambda call, _database: Caller(call.principal, call.request_id)
        if hint is HttpRequest:
            return _request_of
        self.needs.append(hint)
        return lambda call, _database: call.provided[hint]

    def call(self, status: int) -> Work:
        """The route as the pipeline calls it."""
        route, arguments = self._route, tuple(self._arguments.items())

        def answer(call: Call, database: Connection | Session) -> Answer[Any]:
            given = {name: argument(call, database) for name, argument in arguments}
            return Answer(route(**given), status)

        def passed_on(call: Call, database: Connection | Session) -> Answer[Any]:
            given = {name: argument(call, database) for name, argument in arguments}
            answer = route(**given)
            assert isinstance(answer, Answer)  # noqa: S101 - as the signature says
            return answer

        return passed_on if self._returns_answer else answer


def _shown(answer: Any) -> Any:
    """The type of a good answer's content, for the OpenAPI document."""
    if get_origin(answer) is Answer:
        (answer,) = get_args(answer)
    return None if answer is type(None) or answer in {Answer, bytes} else answer


def _target_of(call: Call, _database: Connection | Session) -> object:
    return call.target


def _request_of(call: Call, _database: Connection | Session) -> HttpRequest:
    return HttpRequest(
        call.url, call.query, call.headers, call.negotiated, call.now, call.root, call.resumed
    )


def _refusing(work: Work, refusals: Refusals) -> Work:
    """Turns refusals of a domain into answers. It does so inside the transaction, so that the error
    rolls it back."""
    kinds = tuple(refusals)
    if not kinds:
        return work

    def refusing(call: Call, database: Connection | Session) -> Answer[Any]:
        try:
            return work(call, database)
        except kinds as refused:
            kind = next(known for known in type(refused).__mro__ if known in refusals)
            raise refusals[kind](refused) from None

    return refusing


def _texts(route: Callable[..., object]) -> tuple[str, str]:
    """Summary and description: the first line of the docstring, and the rest in one line."""
    summary, _, description = (inspect.getdoc(route) or "").partition("\n")
    if not summary:
        raise TypeError(f"{route.__name__} has no docstring")
    return summary.rstrip("."), " ".join(description.split())
