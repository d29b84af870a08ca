"""Mails to learners as they arrive: the worker's task, a mail server, and both databases."""

from pathlib import Path

from pydantic import SecretStr

from bursar.claims.looks import DeclaredLook, declare_look
from bursar.clock import frozen_at
from bursar.database.engine import Database
from bursar.enrollment.gateway import EmbeddedGateway
from bursar.settings import Settings
from bursar.work import tasks_of
from testing.fakes.smtp import Sink
from testing.worlds.budgets import ACTOR, NOW, Budget, open_budget
from testing.worlds.catalog import ENTERPRISE

ANA = "ana@example.com"
PUBLIC_URL = "https://learn.example.org"


def look(budget: Budget, declared: DeclaredLook) -> None:
    with budget.database.transaction() as session:
        declare_look(session, ACTOR, ENTERPRISE, declared, at=NOW)


def deliver(budget: Budget, sink: Sink, templates: str = "") -> None:
    settings = Settings(
        smtp_url=sink.url,
        public_url=PUBLIC_URL,
        secret_key=SecretStr("a secret of this test alone that is long enough"),
        templates=templates,
    )
    with frozen_at(NOW):
        task = tasks_of(EmbeddedGateway())["deliver-notifications"]
        assert task.function(budget.database, settings)["delivered"] == 1


def test_a_mail_arrives_in_the_language_of_the_enterprise(database: Database, sink: Sink) -> None:
    budget = open_budget(database)
    look(
        budget, DeclaredLook(language="ar", accent="#7a1f5c", logo="https://cdn.example.org/a.png")
    )
    budget.assign(ANA)
    deliver(budget, sink)
    (arrived,) = sink.deliveries
    message = arrived.message
    assert (message["To"], message["Content-Language"]) == (ANA, "ar")
    assert message["Subject"].startswith("خصّصت لك A مقرر")
    text, html = (part.get_content() for part in message.iter_parts())
    assert f"سجّل هنا: {PUBLIC_URL}/claim/" in text
    assert '<html lang="ar" dir="rtl">' in html
    assert f'href="{PUBLIC_URL}/claim/' in html
    assert 'src="https://cdn.example.org/a.png"' in html
    assert "background: #7a1f5c; color: #ffffff;" in html


def test_templates_of_the_installation_reach_the_mail(
    database: Database, sink: Sink, tmp_path: Path
) -> None:
    own = tmp_path / "mail"
    own.mkdir()
    (own / "layout.txt").write_text("Our own frame\n{% block body required %}{% endblock %}")
    budget = open_budget(database)
    budget.assign(ANA)
    deliver(budget, sink, str(tmp_path))
    (arrived,) = sink.deliveries
    text, _ = (part.get_content() for part in arrived.message.iter_parts())
    lines = text.splitlines()[:2]
    assert lines == ["Our own frame", "A has assigned you the course Any, and pays for it."]
