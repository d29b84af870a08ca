"""What is left in the end: the last deadlines, mails, the books, and everything written out."""

import json

from tests.corpus import world
from tests.corpus.chapters.credit import MAIN, POLICIES
from tests.corpus.stage import CSV, Stage

SUMMARY = f"/enterprise/v3/enterprise-customer/{world.ACME}/learner-summary"


def play(stage: Stage) -> None:
    stage.at("2026-07-15T09:00:00Z")
    stage.run("run", "expire-assignments")
    stage.run("run", "deliver-notifications")
    stage.get(f"{MAIN}?page_size=100")
    stage.run("run", "scrub-pii")
    stage.run("run", "scrub-pii")
    stage.get(f"{MAIN}?page_size=100&ordering=content_quantity")
    stage.get(f"{POLICIES}?enterprise_customer_uuid={world.ACME}&page_size=100")
    stage.get(SUMMARY, accept=CSV)
    _mails(stage)
    stage.run("export", "--enterprise", world.ACME)
    stage.run("export", "--enterprise", world.GLOBEX)
    stage.run("export", "--enterprise", world.UNKNOWN)
    stage.run("check")


def _mails(stage: Stage) -> None:
    """Every mail in the list, and the text of up to three of each kind."""
    mails = [json.loads(line) for line in stage.run("mail", "list", "--json").splitlines()]
    everything = stage.run("mail", "list", "--json", "--limit", "1000").splitlines()
    mails = [json.loads(line) for line in everything]
    shown: dict[str, int] = {}
    for mail in reversed(mails):
        shown[mail["kind"]] = shown.get(mail["kind"], 0) + 1
        if shown[mail["kind"]] <= 3:
            stage.run("mail", "show", mail["uuid"])
    stage.run("mail", "list", "--status", "skipped")
    stage.run("mail", "show", world.UNKNOWN)
