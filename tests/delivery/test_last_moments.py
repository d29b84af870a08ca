"""What mails say of an end, as a reader gets them: as text, as HTML and in the subject."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bursar.database.engine import Database
from bursar.delivery.rendering import Rendered, render
from bursar.delivery.views import Correspondent
from bursar.work import MAIL_KINDS
from testing.worlds.budgets import open_budget

MIDNIGHT = datetime(2027, 1, 1, tzinfo=UTC)
LAST = "until 31 December 2026, 23:59 UTC"
ACME = Correspondent("Acme", None)


def written(kind: str, context: dict[str, Any]) -> Rendered:
    return render(MAIL_KINDS[kind].templates, kind, ACME, context)


def assert_tells(mail: Rendered, said: str) -> None:
    assert said in mail.text
    assert said in mail.html
    for text in (mail.subject, mail.text, mail.html):
        assert "January" not in text


def test_mails_about_an_assignment_that_ends_at_midnight(database: Database) -> None:
    budget = open_budget(database, subsidy_expiration_datetime=MIDNIGHT)
    uuid = budget.assign()
    budget.remind(uuid)
    budget.expire(MIDNIGHT)

    mails = {mail.kind: written(mail.kind, mail.context) for mail in budget.mails()}
    assert list(mails) == ["assignment-allocated", "assignment-reminded", "assignment-expired"]
    for kind in ("assignment-allocated", "assignment-reminded"):
        assert_tells(mails[kind], f"You can enroll {LAST}.")
    assert_tells(mails["assignment-expired"], f"is over: it lasted {LAST}.")


def test_a_mail_about_a_cancelled_assignment_tells_no_day(database: Database) -> None:
    budget = open_budget(database, subsidy_expiration_datetime=MIDNIGHT)
    budget.cancel(budget.assign())
    mail = budget.mails()[-1]
    told = written(mail.kind, mail.context)
    assert mail.kind == "assignment-cancelled"
    assert "202" not in told.subject + told.text + told.html.split("<main")[1]


@pytest.mark.parametrize("kind", ["license-assigned", "license-reminder"])
def test_mails_about_a_license_that_ends_at_midnight(kind: str) -> None:
    plan = {"plan_title": "Plan", "expiration_date": "2027-01-01T00:00:00Z"}
    assert_tells(written(kind, plan | {"greeting": "", "closing": ""}), f"lasts {LAST}.")


def test_a_mail_that_an_older_version_wrote_can_be_sent() -> None:
    old = {"content_key": "edX+A", "content_title": "A"}
    assert "is over.\n" in written("assignment-expired", old).text
