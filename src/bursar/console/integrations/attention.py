"""What does not work between an enterprise and what it is connected to."""

from collections.abc import Iterator

from sqlalchemy import Connection

from bursar.console.figures import counted
from bursar.console.todo import Todo
from bursar.console.visits import Visit
from bursar.scheduled_reports.service import count_reports_not_sent
from bursar.webhooks.service import count_troubled
from bursar.xapi.service import find_connection


def todo_of_integrations(visit: Visit, connection: Connection) -> Iterator[Todo]:
    """One entry for each kind of trouble."""
    path, mine = f"{visit.base}/integrations", visit.enterprise.uuid
    failing, given_up = count_troubled(connection, mine)
    if failing:
        title = f"{counted(failing, 'webhook endpoint')} not reached"
        about = "Events are sent again, for five days after the first failure."
        yield Todo(title, about, "bad", f"{path}/webhooks")
    if given_up:
        title = f"{counted(given_up, 'webhook endpoint')} given up"
        about = "Nothing is sent there any more. Enable or delete what was disabled."
        yield Todo(title, about, "bad", f"{path}/webhooks")
    store = find_connection(connection, mine)
    if store is not None and store.failing_since is not None:
        about = "Statements are sent again. The deliveries say what was answered."
        yield Todo("The learning record store is not reached", about, "bad", f"{path}/xapi")
    if not_sent := count_reports_not_sent(connection, mine):
        title = f"{counted(not_sent, 'scheduled report')} not sent"
        yield Todo(title, "The last run failed; it says why.", "bad", f"{path}/reports")
