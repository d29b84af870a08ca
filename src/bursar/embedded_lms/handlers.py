"""`/lms/...`: a small LMS for demonstrations, where learners arrive who have claimed a course.

Nobody signs in: everybody may do everything for everybody. It is there only where the setting
`embedded_lms` asks for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qs, quote
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar.handlers import HTTPRouteHandler
from sqlalchemy import Connection

from bursar.catalog.listings.service import runs_held
from bursar.claim_pages.styles import style_named
from bursar.database.engine import Database
from bursar.embedded_lms.studying import Deed, NotEnrolled, Study, study
from bursar.enrollment.embedded import EmbeddedSeat, newest_seats, seats_in
from bursar.settings import Settings
from bursar.web.adapter import AnyRequest, Threads, page_handler
from bursar.web.bodies import read_body
from bursar.web.rendering import Incoming, Outgoing

PATH: Final = "/lms"
_MAX_FORM_BYTES: Final = 16 * 1024
_HEADERS: Final = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "cache-control": "private, no-store",
}


@dataclass(frozen=True, slots=True)
class ShownSeat:
    seat: EmbeddedSeat
    title: str
    path: str

    @property
    def percent(self) -> int:
        return round(self.seat.grade * 100)


@dataclass(frozen=True, slots=True)
class EmbeddedLms:
    database: Database
    settings: Settings
    readers: Threads
    writers: Threads

    async def courses(self, _request: AnyRequest, _incoming: Incoming) -> Outgoing:
        return await self.readers.run(self._courses)

    async def course(self, request: AnyRequest, incoming: Incoming) -> Outgoing:
        key = incoming.path_parameters["run_key"]
        if incoming.method != "POST":
            return await self.readers.run(self._course, key)
        slowest = self.settings.slowest_transfer
        await read_body(request, incoming, _MAX_FORM_BYTES, slowest=slowest)
        wanted = _study_of(incoming.body, key)
        if wanted is None or not await self.writers.run(self._study, wanted):
            return await self.readers.run(self._course, key, 409)
        return Outgoing(303, {**_HEADERS, "location": f"{incoming.root}{_path_of(key)}"})

    async def style(self, _request: AnyRequest, _incoming: Incoming) -> Outgoing:
        headers = {"content-type": "text/css; charset=utf-8", "cache-control": "max-age=3600"}
        return Outgoing(200, headers, style_named("page.css") or b"")

    def _courses(self) -> Outgoing:
        with self.database.read() as connection:
            seats = newest_seats(connection)
            titles = self._titles(connection, seats)
        shown = [_shown(seat, titles) for seat in seats]
        return Outgoing(200, dict(_HEADERS), _written("courses.html", seats=shown))

    def _course(self, key: str, status: int | None = None) -> Outgoing:
        with self.database.read() as connection:
            seats = seats_in(connection, key)
            titles = self._titles(connection, seats)
        shown = [_shown(seat, titles) for seat in seats]
        body = _written("course.html", seats=shown, title=titles.get(key) or key, run_key=key)
        return Outgoing(status or (200 if seats else 404), dict(_HEADERS), body)

    @staticmethod
    def _titles(connection: Connection, seats: Sequence[EmbeddedSeat]) -> dict[str, str]:
        titles: dict[str, str] = {}
        for enterprise_uuid in {seat.enterprise_uuid for seat in seats}:
            keys = [seat.courserun_key for seat in seats if seat.enterprise_uuid == enterprise_uuid]
            titles |= runs_held(connection, enterprise_uuid, keys)
        return titles

    def _study(self, wanted: Study) -> bool:
        try:
            with self.database.transaction() as session:
                study(session, wanted)
        except NotEnrolled:
            return False
        return True


def embedded_lms_handlers(lms: EmbeddedLms) -> list[HTTPRouteHandler]:
    return [
        page_handler(PATH, ["GET"], lms.courses),
        page_handler(f"{PATH}/courses/{{run_key:str}}/course", ["GET", "POST"], lms.course),
        page_handler(f"{PATH}/page.css", ["GET"], lms.style),
        # Where the enrollment links of catalogs lead.
        page_handler(f"{PATH}/enterprise/{{rest:path}}", ["GET"], lms.courses),
    ]


def _shown(seat: EmbeddedSeat, titles: dict[str, str]) -> ShownSeat:
    key = seat.courserun_key
    return ShownSeat(seat, titles.get(key) or key, _path_of(key))


def _path_of(run_key: str) -> str:
    return f"{PATH}/courses/{quote(run_key, safe=':+')}/course/"


def _study_of(body: bytes, run_key: str) -> Study | None:
    """None for a form that is not one of ours."""
    try:
        fields = {name: values[-1] for name, values in parse_qs(body.decode()).items()}
        deed, enterprise = Deed(fields["deed"]), UUID(fields["enterprise"])
        return Study(enterprise, fields["learner"], run_key, deed)
    except (KeyError, ValueError):
        return None


def _written(name: str, **context: object) -> bytes:
    return _environment().get_template(name).render(context, root=PATH).encode()


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("bursar.embedded_lms"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
