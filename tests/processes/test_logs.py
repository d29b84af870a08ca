"""What a server and its worker log on a day with trouble names nobody and opens nothing."""

from pathlib import Path

import pytest

from testing.databases.migrated import migrated_url
from testing.databases.postgres import PostgresAddress
from testing.fakes import smtp
from testing.servers.cli import Cli
from testing.servers.installation import running
from testing.waiting import wait_until

pytestmark = pytest.mark.slow

PERSON = "zoe.hidden@acme.example"
SECRET = "not-the-secret-of-anybody"


def test_nobody_is_named_in_the_logs_of_a_server_and_a_worker(
    tmp_path: Path, postgres: PostgresAddress
) -> None:
    sink = smtp.Sink(rcpt={"zoe.hidden": f"550 <{PERSON}> is unknown here"})
    cli = Cli(tmp_path, migrated_url(tmp_path, postgres))
    settings = {"BURSAR_SMTP_URL": sink.url, "BURSAR_LOG_LEVEL": "DEBUG"}
    with (
        smtp.running(sink),
        running(cli, ((),), has_worker=True, settings=settings) as ground,
    ):
        (budget,) = ground.open_budget()
        budget.assigned(PERSON)
        api = budget.shop.api
        form = {"grant_type": "client_credentials", "client_id": PERSON, "client_secret": SECRET}
        assert api.http.post("/oauth2/v1/access_token", data=form).status_code == 401
        wait_until(lambda: "mail not sent" in "".join(each.log for each in ground.processes))
        logs = [each.log for each in ground.processes]
    assert "/oauth2/v1/access_token" in logs[0]
    assert "is unknown here" in logs[1]
    for secret in (PERSON, SECRET, str(api.authorization).removeprefix("JWT ")):
        assert not any(secret in log for log in logs), secret
