"""One person, everything: what the learner has, what happened, and why something cannot be."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import msgspec
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar import clock
from bursar.console.credit.words import cause_and_cure, shown_item
from bursar.console.files import KINDS, NDJSON
from bursar.console.learners.timeline import MAIL_WORDS, Belongings, timeline
from bursar.console.screens import OF_ENTERPRISE, Screens
from bursar.console.seats.plans import WORDS, plans_of
from bursar.console.visits import File, Html, NotThere, Visit
from bursar.credit.assignments.commands import LearnerSelection
from bursar.credit.assignments.service import assignments_of_learner
from bursar.credit.redemption.commands import Asking
from bursar.credit.states import AssignmentState
from bursar.delivery.service import Channel, search_deliveries
from bursar.delivery.views import DeliverySearch
from bursar.explanations.service import explain
from bursar.explanations.views import Explained
from bursar.learners.owned import LEARNER, NamedLearner
from bursar.learners.service import LearnerRecord, find_learner
from bursar.pages import PageRequest
from bursar.people.refusals import UnknownPerson
from bursar.people.service import export_person
from bursar.reporting.commands import Filters, Progress, Report, Subject
from bursar.reporting.service import read_page
from bursar.subscriptions.licenses.commands import PersonSelection
from bursar.subscriptions.licenses.service import licenses_of_person

screens: Final = Screens()
PATH: Final = f"{OF_ENTERPRISE}/learners/{{learner_id:int}}"
_MOST: Final = 200
"""Of each kind: nobody has as many."""
_MAILS: Final = 50
_LONGEST_KEY: Final = 255
PROGRESS_TONES: Final = {
    Progress.PASSED.value: "good",
    Progress.IN_PROGRESS.value: "busy",
    Progress.FAILED.value: "off",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a budget or a subscription answers to the question about a course."""

    name: str
    pays: bool
    cures: Sequence[str]
    rules: Sequence[Explained]


@screens.get(PATH, owned=LEARNER)
def show_learner(visit: Visit, connection: Connection) -> Html:
    named: NamedLearner = visit.target
    with Session(connection) as session:
        learner = find_learner(session, named.enterprise_uuid, email=named.email)
    if learner is None:
        raise NotThere
    found = _belongings(visit, connection, learner)
    titles = {each.uuid: each.item.title for each in plans_of(visit, connection)}
    key = (visit.query.get("course") or "").replace("\x00", "").strip()[:_LONGEST_KEY]
    given = {
        "learner": learner,
        "licenses": [(each, *WORDS[each.status]) for each in found.licenses],
        "titles": titles,
        "assignments": [
            (each, shown_item(each), cause_and_cure(each), each.state is AssignmentState.ALLOCATED)
            for each in found.assignments
        ],
        "enrollments": found.enrollments,
        "mails": [(each, *MAIL_WORDS[each.status]) for each in found.mails],
        "timeline": timeline(found),
        "course": key,
        "tones": PROGRESS_TONES,
        "answers": _explained(visit, connection, learner, key) if key else [],
        "moment": clock.parse_instant,
    }
    return Html("learner.html", given)


@screens.get(f"{PATH}/data.json", owned=LEARNER)
def show_data(visit: Visit, connection: Connection) -> File:
    """All that is stored about the person."""
    named: NamedLearner = visit.target
    with Session(connection) as session:
        try:
            data = export_person(session, named.enterprise_uuid, named.email)
        except UnknownPerson:
            raise NotThere from None
    body = msgspec.json.format(msgspec.json.encode(data), indent=2)
    return File(f"learner-{named.id}.json", KINDS[NDJSON].replace("x-ndjson", "json"), body)


def _belongings(visit: Visit, connection: Connection, learner: LearnerRecord) -> Belongings:
    enterprise, wanted = visit.enterprise.uuid, PageRequest(_MOST)
    selection = PersonSelection(enterprise, learner.email)
    mine = LearnerSelection(enterprise, learner.email, learner.lms_user_id, is_either_enough=True)
    search = DeliverySearch(
        channel=Channel.MAIL, enterprise_uuid=enterprise, recipient=learner.email
    )
    report = Report(enterprise, visit.now.date(), Filters(user_email=learner.email))
    subject = Subject(enterprise, visit.enterprise.name, visit.root)
    return Belongings(
        licenses_of_person(connection, selection, wanted)[1],
        assignments_of_learner(connection, mine, wanted)[1],
        read_page(connection, report, subject, wanted)[1],
        search_deliveries(connection, search, limit=_MAILS),
    )


def _explained(
    visit: Visit, connection: Connection, learner: LearnerRecord, key: str
) -> list[Answer]:
    """Who would pay comes first, and then who lacks least."""
    asking = Asking(visit.enterprise.uuid, (key,), learner.email)
    rules = explain(connection, asking, at=visit.now)
    answers = [_answer(list(some)) for _, some in groupby(rules, key=lambda each: each.subject)]
    return sorted(answers, key=lambda each: (not each.pays, len(each.cures)))


def _answer(rules: Sequence[Explained]) -> Answer:
    cures = [each.cure or each.fact for each in rules if not each.holds]
    name = rules[0].subject.name or "Without a name"
    return Answer(name, not cures, list(dict.fromkeys(cures)), rules)
