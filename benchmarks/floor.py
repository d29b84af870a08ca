"""The floor: what an answer costs on this stack before any of Bursar's own work.

The token is checked, one row is read by its primary key, and bytes are sent from memory.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from uuid import UUID

import msgspec
from litestar.handlers import HTTPRouteHandler, get
from litestar.response.base import ASGIResponse
from sqlalchemy import bindparam, select

from bursar.database.engine import Database
from bursar.identity.models import ApiClient
from bursar.identity.tokens import KeyRing
from bursar.web.adapter import AnyRequest, Threads
from bursar.web.errors import Unauthorized

_DISABLED_AT = select(ApiClient.disabled_at).where(ApiClient.uuid == bindparam("pk"))


class KeptAnswer(msgspec.Struct):
    """An answer of the real endpoint, which the floor gives without making it."""

    status: int
    media_type: str
    body: bytes

    def save(self, folder: Path, name: str) -> None:
        (folder / name).write_bytes(msgspec.msgpack.encode(self))


class KeptAnswers:
    """Read from their files once a process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._answers: dict[str, KeptAnswer] = {}

    def get(self, name: str) -> KeptAnswer:
        answer = self._answers.get(name)
        if answer is None:
            text = (self._folder / name).read_bytes()
            answer = self._answers[name] = msgspec.msgpack.decode(text, type=KeptAnswer)
        return answer


class Floor:
    def __init__(
        self, database: Database, ring: KeyRing, client: UUID, answers: KeptAnswers
    ) -> None:
        self._database = database
        self._ring = ring
        self._client = client
        self._answers = answers

    def answer(self, authorization: bytes, name: str) -> KeptAnswer:
        self.admit(authorization)
        return self._answers.get(name)

    def admit(self, authorization: bytes) -> None:
        """Raises Unauthorized."""
        self._ring.verify(authorization.decode("latin-1").partition(" ")[2])
        with self._database.read() as connection:
            row = connection.execute(_DISABLED_AT, {"pk": self._client}).first()
        if row is None or row[0] is not None:
            raise Unauthorized


def floor_handler(floor: Floor, threads: Threads) -> HTTPRouteHandler:
    async def handle(request: AnyRequest, name: str) -> ASGIResponse:
        return _response(await threads.run(floor.answer, authorization_of(request), name))

    return get("/floor/{name:str}")(handle)


def authorization_of(request: AnyRequest) -> bytes:
    headers = request.scope["headers"]
    return next((value for name, value in headers if name == b"authorization"), b"")


def _response(answer: KeptAnswer) -> ASGIResponse:
    make: Callable[..., ASGIResponse] = partial(ASGIResponse, status_code=answer.status)
    if answer.status == 304:
        return make()
    length = len(answer.body)
    headers = {"content-type": answer.media_type, "content-length": str(length)}
    return make(
        body=answer.body, headers=headers, media_type=answer.media_type, content_length=length
    )
