"""The documented questions, in the order in which an answer names what the next one is about."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from bursar.comparing.differences import Findings, identity, without_origin
from bursar.comparing.service import Service
from bursar.comparing.spool import spooled

_CATALOGS: Final = "/enterprise/v2/enterprise-catalogs"
_PAGE: Final = {"page_size": "100"}
_SINGLE: Final = {"course": "courses", "courserun": "course-runs", "program": "programs"}


@dataclass(slots=True)
class Comparison:
    old: Service
    new: Service
    singles: int
    """Documents of each kind and catalog that are asked for alone."""
    ignored: frozenset[str]
    tell: Callable[[str], None]
    found: list[Findings] = field(default_factory=list)

    def run(self) -> list[Findings]:
        """Raises ServiceAway."""
        catalogs = self._list("enterprise-catalogs", f"{_CATALOGS}/", {})
        for catalog in catalogs:
            self._catalog(str(catalog.get("uuid")))
        for enterprise in dict.fromkeys(str(each.get("enterprise_customer")) for each in catalogs):
            self._enterprise(enterprise)
        return self.found

    def _catalog(self, uuid: str) -> None:
        path = f"{_CATALOGS}/{uuid}"
        items = self._list("enterprise-catalogs/{catalog_id}", f"{path}/", _PAGE, kept=self.singles)
        for item in items:
            kind = str(item.get("content_type") or _kind(item))
            if kind in _SINGLE:
                name = quote(identity_in_path(item, kind), safe="+:")
                template = f"enterprise-catalogs/{{catalog_id}}/{_SINGLE[kind]}/..."
                self._single(template, f"{path}/{_SINGLE[kind]}/{name}/", name)

    def _enterprise(self, uuid: str) -> None:
        asked = {"enterprise_customer_uuid": uuid, **_PAGE}
        policies = self._list(
            "subsidy-access-policies", "/enterprise/v1/subsidy-access-policies/", asked
        )
        for policy in policies:
            configuration = policy.get("assignment_configuration")
            if isinstance(configuration, dict) and configuration.get("uuid"):
                self._list(
                    "assignment-configurations/{uuid}/admin/assignments",
                    f"/enterprise/v1/assignment-configurations/{configuration['uuid']}/admin/assignments/",
                    _PAGE,
                )
        self._list("subscriptions", "/enterprise/v1/subscriptions", asked)
        self._list(
            "enterprise-customer/{uuid}/learner-summary",
            f"/enterprise/v3/enterprise-customer/{uuid}/learner-summary",
            _PAGE,
        )

    def _findings(self, name: str) -> Findings:
        known = next((each for each in self.found if each.name == name), None)
        if known is None:
            known = Findings(name, self.ignored)
            self.found.append(known)
        return known

    def _single(self, name: str, path: str, about: str) -> None:
        old, new = self.old.get(path), self.new.get(path)
        findings = self._findings(name)
        if old.status != new.status:
            findings.note("status", f"{about}: {old.status} | {new.status}")
        else:
            findings.compare(
                about, self._plain(old.body, self.old), self._plain(new.body, self.new)
            )

    def _list(
        self, name: str, path: str, asked: Mapping[str, str], kept: int | None = None
    ) -> list[dict[str, Any]]:
        """Compares the lists whatever their order. Returns the first things that both sides have,
        with the most of a kind that is given."""
        self.tell(path)
        findings, common = self._findings(name), list[dict[str, Any]]()
        numbers: dict[str, int] = {}
        with spooled() as spool:
            for value in self._items(self.old, path, asked, findings):
                if not spool.put(_name(value), value):
                    findings.note("(twice, old)", _name(value))
            for value in self._items(self.new, path, asked, findings):
                old = spool.take(_name(value))
                if old is None:
                    findings.note("(only new)", _name(value))
                    continue
                findings.compare(_name(value), old, value)
                kind = _kind(value)
                numbers[kind] = numbers.get(kind, 0) + 1
                if isinstance(value, dict) and (kept is None or numbers[kind] <= kept):
                    common.append(value)
            for name_of_old in spool.names():
                findings.note("(only old)", name_of_old)
        return common

    def _items(
        self, service: Service, path: str, asked: Mapping[str, str], findings: Findings
    ) -> Iterator[Any]:
        for answer in service.pages(path, asked):
            results = answer.body.get("results") if isinstance(answer.body, dict) else None
            if answer.status != 200 or not isinstance(results, list):
                findings.note(f"status ({service.name})", f"{path}: {answer.status}")
                return
            for value in results:
                yield self._plain(value, service)

    @staticmethod
    def _plain(value: Any, service: Service) -> Any:
        return without_origin(value, service.url)


def _name(value: Any) -> str:
    return identity(value) or repr(value)[:200]


def _kind(value: Any) -> str:
    if not isinstance(value, dict):
        return ""
    told = value.get("content_type")
    if isinstance(told, str):
        return told
    key = str(value.get("key") or "")
    return "courserun" if key.startswith("course-v1:") else "course" if key else "program"


def identity_in_path(item: Mapping[str, Any], kind: str) -> str:
    return str(item.get("uuid") if kind == "program" else item.get("key"))
