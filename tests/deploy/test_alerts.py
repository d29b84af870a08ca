"""The rules for Prometheus parse, name what there is, and each fires when it should."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bursar.counting import COUNTED
from bursar.database.engine import Database
from bursar.database.standby import Standby
from bursar.web.found import StandbyFigures, StoredFigures
from bursar.web.metrics import Metrics
from bursar.work import figure_readers
from testing.paths import REPOSITORY

ALERTS = REPOSITORY / "deploy/alerts.yaml"
FIRING = Path(__file__).with_name("firing.yaml")
PROMTOOL = REPOSITORY / ".tools/prometheus/usr/bin/promtool"
RULES: list[dict[str, Any]] = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
NAMES = sorted(rule["alert"] for rule in RULES)
LAST_MINUTE = "1690m"

slow = pytest.mark.slow


def promtool(*arguments: str) -> str:
    """What it complains of; empty when it does not."""
    if not PROMTOOL.exists():
        pytest.fail("promtool is missing; `./run test` installs it")
    finished = subprocess.run([PROMTOOL, *arguments], check=False, capture_output=True, text=True)
    return "" if finished.returncode == 0 else finished.stdout + finished.stderr


def firing_test(tmp_path: Path, rules: str, firing: list[str]) -> str:
    """Which of the alerts fire at the end of the bad day, as promtool sees it."""
    alerts = tmp_path / "alerts.yaml"
    # Annotations and labels are for people: only what fires is compared.
    plain = yaml.safe_load(rules)
    for rule in plain["groups"][0]["rules"]:
        rule["expr"], rule["labels"], rule["annotations"] = f"count({rule['expr']})", {}, {}
    alerts.write_text(yaml.safe_dump(plain))
    cases = yaml.safe_load(FIRING.read_text().replace("ALERTS", str(alerts)))
    quiet, bad = cases["tests"]
    quiet["alert_rule_test"] = [{"eval_time": "59m", "alertname": name} for name in NAMES]
    bad["alert_rule_test"] = [
        {"eval_time": LAST_MINUTE, "alertname": name, "exp_alerts": [{}] if name in firing else []}
        for name in NAMES
    ]
    file = tmp_path / "firing.yaml"
    file.write_text(yaml.safe_dump(cases))
    return promtool("test", "rules", str(file))


@slow
def test_the_rules_parse() -> None:
    assert promtool("check", "rules", str(ALERTS)) == ""


@slow
def test_each_rule_fires_on_a_bad_day_and_none_on_a_quiet_one(tmp_path: Path) -> None:
    assert firing_test(tmp_path, ALERTS.read_text(), NAMES) == ""


@slow
def test_a_rule_that_does_not_fire_is_noticed(tmp_path: Path) -> None:
    text = ALERTS.read_text().replace("bursar_mails_oldest_seconds) > 3600", "nothing) > 3600")
    assert "BursarMailsWait" in firing_test(tmp_path, text, NAMES)


def shown_by(database: Database) -> set[str]:
    """The names of all metrics, without what Prometheus adds to them."""
    primary, replica = (Database("postgresql://nobody@127.0.0.1:1/none") for _ in range(2))
    collectors = (
        StoredFigures(database, figure_readers()),
        StandbyFigures(Standby(primary, replica, most_lag=1)),
        COUNTED,
        Metrics().registry,
    )
    return {metric.name for collector in collectors for metric in collector.collect()}


def test_the_rules_name_metrics_that_there_are(database: Database) -> None:
    shown = shown_by(database)
    used = {name for rule in RULES for name in re.findall(r"bursar_\w+", rule["expr"])}
    assert {re.sub(r"_(total|bucket|sum)$", "", name) for name in used} - shown == set()


def test_the_documentation_names_every_rule_and_every_metric(database: Database) -> None:
    page = (REPOSITORY / "docs/how-to/monitor.md").read_text()
    shown = shown_by(database)
    assert [name for name in (*NAMES, *sorted(shown)) if name not in page] == []
