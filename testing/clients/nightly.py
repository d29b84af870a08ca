"""A client of api.edx.org as many companies have one: every night it reads all catalogs.

It calls the paths of version 1, says nothing of the format that it wants, tells courses from runs
by `content_type`, and deactivates what it did not see. It knows no parameter of ours.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

Item = dict[str, Any]


@dataclass
class Stored:
    """What the company's own system keeps of a course, a run or a program."""

    title: str
    link: str
    is_active: bool = True


@dataclass
class NightlyCrawl:
    http: httpx.Client
    client_id: str
    client_secret: str
    courses: dict[str, Stored] = field(default_factory=dict)
    runs: dict[str, Stored] = field(default_factory=dict)
    programs: dict[str, Stored] = field(default_factory=dict)
    paths: list[str] = field(default_factory=list)
    """That were asked for."""

    def tonight(self) -> None:
        self._log_in()
        shelves = (self.courses, self.runs, self.programs)
        before = [dict(shelf) for shelf in shelves]
        for shelf in shelves:
            shelf.clear()
        for catalog in self._items("/enterprise/v1/enterprise-catalogs/"):
            for item in self._items(f"/enterprise/v1/enterprise-catalogs/{catalog['uuid']}/"):
                self._store(item)
        for shelf, known in zip(shelves, before, strict=True):
            for key, stored in known.items():
                if key not in shelf:
                    stored.is_active = False
                    shelf[key] = stored

    def active(self) -> tuple[list[str], list[str], list[str]]:
        """The keys of courses, runs and programs."""
        courses, runs, programs = (
            sorted(key for key, stored in shelf.items() if stored.is_active)
            for shelf in (self.courses, self.runs, self.programs)
        )
        return courses, runs, programs

    def _log_in(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "token_type": "jwt",
        }
        answer = self.http.post("/oauth2/access_token", data=form).raise_for_status()
        token = answer.json()["access_token"]
        self.http.headers.update({"Authorization": f"JWT {token}", "Accept": "*/*"})

    def _items(self, path: str | None) -> Iterator[Item]:
        while path is not None:
            answer = self.http.get(path).raise_for_status()
            self.paths.append(answer.request.url.path)
            page = answer.json()
            yield from page["results"]
            path = page["next"]

    def _store(self, item: Item) -> None:
        stored = Stored(item["title"], item["enrollment_url"])
        kind = item["content_type"]
        if kind == "course":
            self.courses[item["key"]] = stored
        elif kind == "courserun":
            self.runs[item["key"]] = stored
        else:
            assert kind == "program"
            self.programs[item["aggregation_key"].removeprefix("program:")] = stored
