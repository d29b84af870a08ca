"""What learners read when they were enrolled, and when they are not told any more."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bursar import clock
from bursar.database.engine import Database
from bursar.delivery.channel import QueuedDelivery
from bursar.delivery.models import Delivery
from bursar.delivery.rendering import render
from bursar.delivery.views import Correspondent
from bursar.enrollment.bulk.events import EnrolledCourse
from bursar.enrollment.bulk.mail import ENROLLED, MAIL_KINDS, mails_of
from testing.worlds.bulk_enrollment import ACME, ANA, OPEN, revoke, run

[KIND] = MAIL_KINDS
COURSES = [
    {"title": "Bread & Butter", "link": "https://lms.example.org/courses/a/course/"},
    {"title": "Evil\nSubject: <b>", "link": "https://lms.example.org/courses/b/course/"},
]


def rendered(courses: list[dict[str, str]]) -> Any:
    enterprise = Correspondent("Acme", "help@acme.example")
    return render(KIND.templates, KIND.name, enterprise, {"courses": courses})


def test_one_course_is_named_in_the_subject() -> None:
    mail = rendered(COURSES[:1])
    assert mail.subject == "Acme has enrolled you in Bread & Butter"
    assert mail.text.startswith(
        "Acme has enrolled you, at no cost to you, in:\n\n"
        "Bread & Butter\nhttps://lms.example.org/courses/a/course/\n"
    )
    link = "https://lms.example.org/courses/a/course/"
    assert f'href="{link}"' in mail.html
    assert "<bdi>Bread &amp; Butter</bdi></a>" in mail.html


def test_several_are_counted_and_all_are_listed() -> None:
    mail = rendered(COURSES)
    assert mail.subject == "Acme has enrolled you in 2 courses"
    assert "Evil Subject: <b>\nhttps://lms.example.org/courses/b/course/" in mail.text
    assert "<b>" not in mail.html


def test_a_subject_stays_on_one_line() -> None:
    assert "\n" not in rendered(COURSES[1:]).subject


@pytest.mark.parametrize("root", ["https://lms.example.org", "https://lms.example.org/"])
def test_links_lead_to_the_run(root: str) -> None:
    license_uuid = uuid4()
    [mail] = mails_of(ACME, [EnrolledCourse(ANA, license_uuid, "", OPEN)], root)
    assert (mail.recipient, mail.subject_uuid) == (ANA, license_uuid)
    assert mail.context["courses"] == [
        {"title": OPEN, "link": f"https://lms.example.org/courses/{OPEN}/course/"}
    ]


def test_it_is_true_as_long_as_the_license_is_live(acme: Database) -> None:
    run(acme, [ANA], [OPEN], notify=True)
    with acme.transaction() as session:
        mail = queued(session)
        assert KIND.why_untrue(session, [mail]) == {}
    revoke(acme, [ANA])
    with acme.transaction() as session:
        assert list(KIND.why_untrue(session, [mail])) == [mail.uuid]


def queued(session: Session) -> QueuedDelivery:
    [row] = session.scalars(select(Delivery))
    return QueuedDelivery(
        row.id, uuid4(), ACME, ENROLLED, row.subject_uuid, ANA, {}, 0, clock.now()
    )
