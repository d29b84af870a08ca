"""The log of events."""

# Made from bursar_client._async by tools/make_sync.py; a test compares them.

from collections.abc import Iterator, Sequence

from bursar_client._sync.part import Part
from bursar_client.cursors import Cursors
from bursar_client.models.events import Event
from bursar_client.retries import ENDLESS
from bursar_client.values import as_list, as_object, as_text, read
from bursar_client.wire import Identifier, Parameter, get

EVENTS = "/enterprise/v1/events"
LATEST = "latest"


class Events(Part):
    def find(
        self,
        *,
        after: str | None = None,
        types: Sequence[str] | None = None,
        limit: int | None = None,
        enterprise: Identifier | None = None,
    ) -> Iterator[Event]:
        """Those that there are now, the oldest first. `license.*` names all of a kind."""
        more, cursor = True, after
        while more:
            events, cursor, more = self._read(enterprise, cursor, types, limit=limit)
            for event in events:
                yield event

    def follow(
        self,
        cursors: Cursors | None = None,
        *,
        after: str | None = None,
        types: Sequence[str] | None = None,
        enterprise: Identifier | None = None,
        wait: int = 20,
    ) -> Iterator[Event]:
        """Each event as it happens, without end; a server that is away is waited for.

        With `cursors` the place is kept: it is saved when you ask for the next event, so an event
        that you did not finish comes again. `after` counts where nothing was kept yet.
        """
        name = f"events-{self._enterprise(enterprise)}"
        cursor = (cursors and cursors.load(name)) or after
        while True:
            events, place, _ = self._read(enterprise, cursor, types, wait=wait)
            for event in events:
                yield event
                if cursors is not None and event.cursor is not None:
                    cursors.save(name, event.cursor)
            if cursors is not None and place is not None and place != cursor:
                cursors.save(name, place)
            cursor = place

    def _read(
        self,
        enterprise: Identifier | None,
        after: str | None,
        types: Sequence[str] | None,
        **more: Parameter,
    ) -> tuple[list[Event], str | None, bool]:
        chosen = self._enterprise(enterprise)
        request = get(EVENTS, enterprise_customer_uuid=chosen, after=after, type=types, **more)
        # A listener waits as long as it takes; who reads what there is wants to know.
        answer = self._wire.send(request, ENDLESS if "wait" in more else None)
        body = as_object(answer.json())
        events = [read(Event, item) for item in as_list(body.get("results"))]
        return events, as_text(body.get("next")), body.get("has_more") is True
