"""On PostgreSQL the release before this one goes on working on the tables that it knows."""

from uuid import uuid4

import psycopg
import pytest

from bursar.database.engine import Database
from tests.delivery.world import ACME, NOW, mail, post, settle

pytestmark = pytest.mark.slow
COLUMNS = (
    "uuid, enterprise_uuid, kind, subject_uuid, recipient, context, status, attempts,"
    " next_attempt_at, created_at"
)


def row(recipient: str) -> tuple[object, ...]:
    return (uuid4(), ACME, "test-mail", uuid4(), recipient, "{}", "pending", 0, NOW, NOW)


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_its_mails_are_deliveries(database: Database) -> None:
    settle(database)
    (ours,) = post(database, "ann@example.org")
    copied, inserted = row("bob@example.org"), row("cat@example.org")
    url = database.url.render_as_string(hide_password=False)
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        cursor = connection.cursor()
        with cursor.copy(f"COPY mails ({COLUMNS}) FROM STDIN") as copy:
            copy.write_row(copied)
        places = ", ".join(["%s"] * len(inserted))
        cursor.execute(f"INSERT INTO mails ({COLUMNS}) VALUES ({places})", inserted)
        due = cursor.execute(
            "SELECT id, uuid FROM mails WHERE status = 'pending' ORDER BY next_attempt_at, id"
            " LIMIT 2 FOR UPDATE SKIP LOCKED"
        ).fetchall()
        assert [each[1] for each in due] == [ours, copied[0]]
        cursor.execute(
            "UPDATE mails SET status = 'delivered', attempts = 1 WHERE id = ANY (%s)",
            ([each[0] for each in due],),
        )
        cursor.execute("DELETE FROM mails WHERE uuid = %s", (inserted[0],))
        assert cursor.rowcount == 1
    assert mail(database, ours).status == "delivered"
    found = mail(database, copied[0])  # type: ignore[arg-type]
    assert (found.channel, found.status, found.attempted) == ("mail", "delivered", 0)
