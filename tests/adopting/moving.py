"""`bursar adopt` inside the process of the test."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase

from bursar.actors import Actor
from bursar.adopting.choices import ALL, Choices
from bursar.adopting.service import SHAPES, EnterpriseResult, adopt
from bursar.adopting.staging import Staging
from bursar.cli.declare import CHECKS
from bursar.database.engine import Database
from testing.worlds.open_edx import Dump

ACTOR = Actor("operator:test")


@dataclass(frozen=True)
class Moving:
    database: Database
    folder: Path

    def adopt(
        self, *dumps: Dump, choices: dict[str, str] | None = None, dry_run: bool = False
    ) -> list[EnterpriseResult]:
        chosen = Choices({kind: {ALL: word} for kind, word in (choices or {}).items()})
        with Staging(SHAPES, chosen) as staging:
            for index, dump in enumerate(dumps):
                staging.read(dump.written(self.folder / f"dump-{index}.json"))
            staging.finish()
            return list(adopt(self.database, ACTOR, staging, chosen, dry_run=dry_run))

    def adopt_one(self, dump: Dump, **options: Any) -> EnterpriseResult:
        """An enterprise that has nothing in its way; the books hold, and all totals are equal."""
        (result,) = self.adopt(dump, **options)
        assert result.is_adopted, texts(result)
        assert [total for total in result.run.totals if total.difference] == []
        problems = self.problems()
        assert problems == []
        return result

    def refused(self, dump: Dump, **options: Any) -> str:
        """What stands in the way of an enterprise, which is left as it was."""
        before = self.counts()
        (result,) = self.adopt(dump, **options)
        assert not result.is_adopted
        assert self.counts() == before
        return "\n".join(each.text for each in result.run.findings if each.is_obstacle)

    def problems(self) -> list[str]:
        with self.database.transaction() as session:
            return [problem for prove in CHECKS for problem in prove(session)]

    def rows(self, model: type[DeclarativeBase]) -> list[dict[str, Any]]:
        table = model.__table__
        with self.database.read() as connection:
            order = list(table.primary_key)
            return [row._asdict() for row in connection.execute(select(table).order_by(*order))]

    def counts(self) -> dict[str, int]:
        with self.database.read() as connection:
            tables = ("enterprises", "enterprise_catalogs", "learners", "subscription_plans")
            return {
                name: connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one()
                for name in (*tables, "licenses", "enrollments", "events", "open_doors")
            }


def texts(result: EnterpriseResult) -> list[str]:
    return [f"{each.kind}: {each.text}" for each in result.run.findings]
