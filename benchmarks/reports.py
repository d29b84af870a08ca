"""Enrolments to report on, written straight into the tables as the service would leave them."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid5

from sqlalchemy import text

from bursar import clock
from bursar.actors import Actor
from bursar.database.engine import Database
from bursar.provisioning.apply import apply
from bursar.provisioning.manifest import from_data

RUNS_EACH: Final = 10
_NAMESPACE: Final = UUID("7a1d3c52-0b1e-4a53-8a52-3d9a0c5f6e71")
_LEARNERS: Final = text(
    """
    INSERT INTO learners (enterprise_uuid, email, lms_user_id, username, country, consent,
                          created_at, modified_at)
    SELECT :enterprise, 'learner' || number || '@example.com', number, 'learner' || number, 'US',
           number % 10 <> 0, :now, :now
    FROM generate_series(1, :learners) number
    """
)
# Activity on 300 days; every tenth learner shares nothing.
_ENROLLMENTS: Final = text(
    """
    INSERT INTO enrollments (enterprise_uuid, learner_id, courserun_key, mode, payer, enrolled_at,
                             created_at, changed_at, is_consented, activity_day,
                             last_activity_date, current_grade, has_passed, letter_grade)
    SELECT enterprise_uuid, id, run, 'verified', 'reported', :now, :now, :now, consent,
           CASE WHEN consent THEN day - DATE '0001-01-01' + 1 ELSE 0 END,
           day, (id % 100) / 100.0, id % 3 = 0, CASE WHEN id % 3 = 0 THEN 'B' END
    FROM (
        SELECT learners.*, run, CURRENT_DATE - ((id * 7 + place) % 300)::integer AS day
        FROM learners, unnest(CAST(:runs AS text[])) WITH ORDINALITY AS runs (run, place)
        WHERE enterprise_uuid = :enterprise
    ) seats
    """
)
_DAYS: Final = text(
    """
    INSERT INTO enrollment_days (enterprise_uuid, activity_day, row_count)
    SELECT enterprise_uuid, activity_day, count(*) FROM enrollments
    WHERE enterprise_uuid = :enterprise GROUP BY 1, 2
    """
)


def create_report(
    database: Database, client_id: str, name: str, rows: int = 0, runs: Sequence[str] = ()
) -> UUID:
    """An enterprise of the client's with so many enrolments, ten of each learner."""
    enterprise = uuid5(_NAMESPACE, name)
    declared = {
        "uuid": str(enterprise),
        "name": name,
        "slug": name,
        "clients": [{"client_id": client_id, "role": "admin", "client_secret": None}],
        "catalogs": [
            {
                "uuid": str(uuid5(enterprise, "catalog")),
                "title": "All",
                "content_filter": {"content_type": "course"},
            }
        ],
    }
    now = clock.now()
    values = {
        "enterprise": enterprise,
        "now": now,
        "learners": rows // RUNS_EACH,
        "runs": list(runs[:RUNS_EACH]),
    }
    with database.transaction() as session:
        apply(session, Actor("benchmark"), [from_data({"enterprises": [declared]})], now=now)
        for statement in (_LEARNERS, _ENROLLMENTS, _DAYS) if rows else ():
            session.execute(statement, values)
    return enterprise


def tidy(database: Database) -> None:
    with database.read() as connection:
        connection.exec_driver_sql("VACUUM ANALYZE learners, enrollments, enrollment_days")
        # Or PostgreSQL writes a million rows to disk while the first pages are measured.
        connection.exec_driver_sql("CHECKPOINT")
