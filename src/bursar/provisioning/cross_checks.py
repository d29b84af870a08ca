"""Checks what must hold between the parts of manifests, as far as that needs no database.

The checks work on the raw data, whether or not its form is right, so that one run names every
problem.
"""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from bursar.emails import normalised
from bursar.provisioning.problems import Part, path_of, problem

# Every list whose items have a uuid of their own, as the way to it below an enterprise.
_KINDS: Final = (
    ("catalogs",),
    ("subsidies",),
    ("subsidies", "deposits"),
    ("subsidies", "adjustments"),
    ("policies",),
    ("policies", "assignment_configuration"),
    ("subscription_plans",),
    ("subscription_plans", "renewals"),
    ("webhooks",),
    ("groups",),
)
_DESCRIPTION: Final = ("name", "slug", "country", "contact_email")


@dataclass(frozen=True, slots=True)
class Read:
    """One file as it was read."""

    data: object
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class _Item:
    """A mapping in a manifest, and where it stands."""

    values: Mapping[str, Any]
    prefix: str
    path: tuple[Part, ...] = ()

    def place(self, *parts: Part) -> str:
        return self.prefix + path_of((*self.path, *parts))

    def text(self, key: str) -> str | None:
        value = self.values.get(key)
        return value if isinstance(value, str) else None

    def uuid(self, key: str = "uuid") -> UUID | None:
        try:
            return UUID(self.text(key) or "")
        except ValueError:
            return None

    def email(self, key: str) -> str | None:
        text = self.text(key)
        return normalised(text) if text else None

    def below(self, way: tuple[str, ...]) -> Iterator["_Item"]:
        """The mappings at the end of the way, through lists of mappings and single ones."""
        if not way:
            yield self
            return
        for place, values in _members(self.values.get(way[0])):
            if isinstance(values, Mapping):
                yield from _Item(values, self.prefix, (*self.path, way[0], *place)).below(way[1:])


def _members(value: object) -> Iterator[tuple[tuple[Part, ...], object]]:
    if isinstance(value, list):
        yield from (((index,), member) for index, member in enumerate(value))
    else:
        yield (), value


@dataclass(slots=True)
class _Register:
    """Where each thing stood first, and with which value."""

    problems: list[str] = field(default_factory=list)
    first: dict[tuple[Hashable, ...], tuple[object, str]] = field(default_factory=dict)

    def once(self, place: str, *identity: Hashable) -> None:
        """A thing may stand in one place only."""
        self._compare(place, place, "already used at", identity)

    def owned(self, place: str, owner: object, *identity: Hashable) -> None:
        """A thing may stand in several places of one owner."""
        self._compare(place, owner, "already used at", identity)

    def same(self, place: str, value: object, *identity: Hashable) -> None:
        """A thing may stand anywhere, but always with the same value."""
        self._compare(place, value, "not the same as at", identity)

    def _compare(self, place: str, value: object, why: str, identity: tuple[Hashable, ...]) -> None:
        if None not in identity:
            first_value, first_place = self.first.setdefault(identity, (value, place))
            if first_value != value:
                self.problems.append(problem(place, f"{why} {first_place}"))


def cross_problems(files: Sequence[Read]) -> list[str]:
    enterprises = [
        enterprise
        for file in files
        if isinstance(file.data, Mapping)
        for enterprise in _Item(file.data, file.prefix).below(("enterprises",))
    ]
    register = _Register()
    for enterprise in enterprises:
        _register_enterprise(register, enterprise)
        _register_uuids(register, enterprise)
        _register_clients(register, enterprise)
        _register_learners(register, enterprise)
        _register_reports(register, enterprise)
    return register.problems


def _register_enterprise(register: _Register, enterprise: _Item) -> None:
    # Once a file: an enterprise may be spread over several files that agree about it.
    uuid = enterprise.uuid()
    register.once(enterprise.place("uuid"), "enterprise", uuid, enterprise.prefix)
    owner = uuid or enterprise.place()
    register.owned(enterprise.place("slug"), owner, "slug", enterprise.text("slug"))
    for name in (name for name in _DESCRIPTION if name in enterprise.values):
        register.same(enterprise.place(name), enterprise.text(name), "enterprise", uuid, name)


def _register_uuids(register: _Register, enterprise: _Item) -> None:
    for way in _KINDS:
        for item in enterprise.below(way):
            register.once(item.place("uuid"), way, item.uuid())


def _register_clients(register: _Register, enterprise: _Item) -> None:
    owner = enterprise.uuid() or enterprise.place()
    for client in enterprise.below(("clients",)):
        client_id, secret = client.text("client_id"), client.text("client_secret")
        register.once(client.place("client_id"), "client", owner, client_id)
        if secret:  # a client of several enterprises has one secret
            register.same(client.place("client_secret"), secret, "secret", client_id)


def _register_learners(register: _Register, enterprise: _Item) -> None:
    owner = enterprise.uuid() or enterprise.place()
    for learner in enterprise.below(("learners",)):
        register.once(learner.place("email"), "learner", owner, learner.email("email"))
    for row in enterprise.below(("enrollments",)):
        email = row.email("learner_email") or row.email("user_email")
        run_key = (row.text("courserun_key") or "").strip() or None
        register.once(row.place(), "enrollment", owner, email, run_key)


def _register_reports(register: _Register, enterprise: _Item) -> None:
    owner = enterprise.uuid() or enterprise.place()
    if enterprise.values.get("reports") is not None:
        # What the list leaves out is removed, so there can be one list only.
        register.owned(enterprise.place("reports"), enterprise.prefix, "reports", owner)
    for report in enterprise.below(("reports",)):
        name = report.text("name")
        # Files are named after reports, and in their names a space is written otherwise.
        register.once(report.place("name"), "report", owner, name and name.replace(" ", "_"))
