"""What webhooks are measured by: deliveries of one worker to a receiver on this machine."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from statistics import quantiles
from typing import Final

import msgspec

from benchmarks.results import Result
from benchmarks.stage import SMALL, Measurement, Stage
from benchmarks.world import opened
from bursar import clock
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.events.service import publish
from bursar.identity.service import list_enterprises
from bursar.outgoing import settings as outgoing_settings
from bursar.outgoing.addresses import Permitted
from bursar.outgoing.settings import OutgoingSettings, settings_of
from bursar.webhooks import service
from bursar.webhooks.events import EndpointPinged
from bursar.webhooks.service import CreateEndpoint, EndpointView
from testing.fakes.receiver import Receiver, receiving
from testing.servers.processes import WorkerProcess

ENDPOINTS: Final = 10
BACKLOG: Final = 10_000
LOAD: Final = 500
"""Events a second, each for one endpoint."""
LOAD_SECONDS: Final = 20
PATIENCE_SECONDS: Final = 300
_LOCAL: Final = "127.0.0.0/8"
_ACTOR: Final = Actor("benchmark")


class _Event(msgspec.Struct):
    timestamp: datetime


def webhooks(stage: Stage) -> list[Result]:
    """Every event arrives, or the measurement breaks."""
    with receiving() as receiver, opened(stage.world(SMALL).database_url) as database:
        endpoints = _open_endpoints(database, receiver)
        _ping(database, endpoints, BACKLOG)
        with _working(stage):
            rate = _rate(receiver)
            late = _under_load(database, endpoints, receiver)
    return [
        Result.of_rate(f"webhooks, {BACKLOG:,} to {ENDPOINTS} endpoints", rate, LOAD),
        Result.of_calls(f"webhook after its change, at {LOAD}/s, the usual one", late, 1_000),
        Result.of_calls(
            f"webhook after its change, at {LOAD}/s, one in a hundred",
            [quantiles(late, n=100)[-1]],
            2_000,
        ),
    ]


def _open_endpoints(database: Database, receiver: Receiver) -> Sequence[EndpointView]:
    with database.transaction() as session:
        seal = settings_of(session).seal
    database.info[outgoing_settings.KEY] = OutgoingSettings(Permitted.of([_LOCAL]), seal)
    with database.transaction() as session:
        enterprise = list_enterprises(session.connection())[0].uuid
        return [
            service.create_endpoint(
                session,
                _ACTOR,
                CreateEndpoint(
                    enterprise_uuid=enterprise,
                    url=receiver.url(f"/{number}"),
                    event_types=["ping"],
                ),
                at=clock.now(),
            )
            for number in range(ENDPOINTS)
        ]


def _ping(database: Database, endpoints: Sequence[EndpointView], count: int) -> None:
    """So many events in one statement, because it is not their publishing that is measured."""
    chosen = [endpoints[number % ENDPOINTS] for number in range(count)]
    events = [
        EndpointPinged(
            object_id=each.uuid, enterprise_uuid=each.enterprise_customer_uuid, data=each
        )
        for each in chosen
    ]
    with database.transaction() as session:
        publish(session, _ACTOR, events, at=clock.now())


def _rate(receiver: Receiver) -> float:
    """Deliveries a second, from the first that arrives to the last."""
    _await(receiver, BACKLOG)
    instants = [each.at for each in receiver.received]
    return (len(instants) - 1) / (instants[-1] - instants[0])


def _under_load(
    database: Database, endpoints: Sequence[EndpointView], receiver: Receiver
) -> Sequence[float]:
    """Seconds from each change to its request."""
    offset = clock.now().timestamp() - time.monotonic()
    begun = time.monotonic()
    sent = 0
    while (spent := time.monotonic() - begun) < LOAD_SECONDS:
        wanted = int(spent * LOAD)
        _ping(database, endpoints, wanted - sent)
        sent = wanted
        time.sleep(0.05)
    _await(receiver, BACKLOG + sent)
    told = receiver.received[BACKLOG:]
    events = [msgspec.json.decode(each.body, type=_Event) for each in told]
    return [
        each.at + offset - event.timestamp.timestamp()
        for each, event in zip(told, events, strict=True)
    ]


def _await(receiver: Receiver, count: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(receiver.received) < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{len(receiver.received)} of {count} have arrived")
        time.sleep(0.05)


@contextmanager
def _working(stage: Stage) -> Iterator[None]:
    environment = {
        "BURSAR_DATABASE_URL": stage.world(SMALL).database_url,
        "BURSAR_LOG_LEVEL": "WARNING",
        "BURSAR_WEBHOOK_ALLOW": _LOCAL,
    }
    folder = stage.folder / "webhooks"
    folder.mkdir(exist_ok=True)
    with WorkerProcess(folder, environment):
        yield


MEASUREMENTS: Final[Mapping[str, Measurement]] = {"webhooks": webhooks}
