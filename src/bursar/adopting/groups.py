"""The groups of an enterprise, with those who are in them."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from bursar.adopting.edx_enterprise import GROUP, MEMBERSHIP, GroupFields
from bursar.adopting.run import EnterpriseRun
from bursar.adopting.staging import Staged
from bursar.batches import batched
from bursar.declarations import AdoptionOutcome, DeclarationRefused
from bursar.emails import is_tombstone
from bursar.groups.service import (
    DeclaredGroup,
    GroupOfAnotherEnterprise,
    TooManyGroups,
    put_group,
)
from bursar.learners.service import get_learners

BATCH: Final = 5_000
_OBSTACLE: Final = "group"
_JOINED: Final = (
    "SELECT m.learner, t.pk, t.fields, t.file, t.number"  # noqa: S608 - names of ours
    f" FROM {MEMBERSHIP.table} t LEFT JOIN made m ON m.person = t.link WHERE t.parent = ?"
)


def adopt_groups(run: EnterpriseRun) -> None:
    outcomes: Counter[AdoptionOutcome] = Counter()
    # In one order everywhere, because each is locked.
    groups = sorted(run.staging.of(GROUP, run.enterprise_uuid), key=lambda group: group.uuid)
    for group in groups:
        if not group.fields.is_removed:
            outcomes.update(_adopt_group(run, group))
    run.count("groups", outcomes)


def _adopt_group(run: EnterpriseRun, group: Staged[GroupFields]) -> Iterator[AdoptionOutcome]:
    declared = DeclaredGroup(
        uuid=group.uuid,
        enterprise_uuid=run.enterprise_uuid,
        name=group.fields.name,
        members=list(dict.fromkeys(_addresses(run, group))),
    )
    try:
        yield put_group(run.session, run.actor, declared, at=run.at)
    except GroupOfAnotherEnterprise:
        text = f"{group.name}: belongs to another enterprise here"
        run.findings.obstacle(_OBSTACLE, text)
    except (DeclarationRefused, TooManyGroups) as refused:
        run.findings.obstacle(_OBSTACLE, f"{group.name}: {refused}")


def _addresses(run: EnterpriseRun, group: Staged[GroupFields]) -> Iterator[str]:
    for learners in batched(_learners(run, group), BATCH):
        people = get_learners(run.session, learners)
        yield from (
            people[each].email
            for each in learners
            if each in people and not is_tombstone(people[each].email)
        )


def _learners(run: EnterpriseRun, group: Staged[GroupFields]) -> Iterator[int]:
    nobody = 0
    for learner_id, *row in run.staging.rows(_JOINED, (group.pk,)):
        if run.staging.decoded(MEMBERSHIP, row).fields.is_removed:
            continue
        if learner_id is None:
            nobody += 1
        else:
            yield learner_id
    if nobody:
        text = f"{group.name}: {nobody} members are nobody whom the files name"
        run.findings.note(_OBSTACLE, text)
