"""`bursar demo`: what it puts into its database and onto the screen."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import typer

from bursar import clock, logs
from bursar.accounts.service import ConsoleRole, Invite
from bursar.catalog.catalogs.commands import REFRESH_INLINE_LIMIT
from bursar.claims.service import look
from bursar.claims.views import ClaimState
from bursar.cli.console import link_for
from bursar.cli.declare import apply_to
from bursar.cli.exits import fail
from bursar.cli.key_care import prepare_keys
from bursar.cli.serve import Host, Port, YesReally, listen_address_of, run_server
from bursar.cli.support import opened_database, settings_or_fail
from bursar.cli.telling import (
    refuse_published_secrets,
    tell_missing_traces,
    tell_unsafe_settings,
)
from bursar.database.engine import Database
from bursar.delivery.service import DeliverySearch, search_deliveries
from bursar.demo.assignments import tell_story
from bursar.demo.content import course_runs, courses, programs
from bursar.demo.licenses import hand_out_licenses
from bursar.demo.manifest import (
    DEMO_CLIENT_ID,
    DEMO_CLIENT_SECRET,
    DEMO_COURSES,
    DEMO_PROGRAMS,
    demo_manifest,
)
from bursar.demo.progress import report_progress
from bursar.identity.secret_file import seal_of
from bursar.identity.tokens import KeyRing
from bursar.provisioning.manifest import from_data
from bursar.settings import Settings
from bursar.unsafe_settings import is_loopback
from bursar.work import MAIL_KINDS, claim_links

STANDALONE_RUNS = 5
DEMO_ADMINISTRATOR = "administrator@example.com"
DEMO_OPERATOR = "operator@example.com"


def demo(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    yes_really: YesReally = False,
) -> None:
    """Serve two invented companies with data, on SQLite."""
    given = os.environ.get("BURSAR_DATABASE_URL", "")
    if not given:
        os.environ["BURSAR_DATABASE_URL"] = f"sqlite:///{Path.cwd() / '.bursar' / 'demo.db'}"
    elif not given.startswith("sqlite:"):
        fail("bursar demo runs on SQLite: unset BURSAR_DATABASE_URL, or name a SQLite file in it.")
    place = listen_address_of(host, port)
    # In the environment and not in arguments: the web processes begin afresh, and read it there.
    os.environ.setdefault("BURSAR_LOG_LEVEL", "WARNING")
    # Mails have links to pages of this very server.
    os.environ.setdefault("BURSAR_PUBLIC_URL", place.url)
    if is_loopback(place.ip):
        # Whoever tries it out receives webhooks and statements on this machine, and nobody else
        # can ask for them.
        os.environ.setdefault("BURSAR_WEBHOOK_ALLOW", "127.0.0.0/8,::1")
    os.environ.setdefault("BURSAR_EMBEDDED_LMS", "true")
    os.environ.setdefault("BURSAR_LMS_PUBLIC_URL", f"{place.url}/lms")
    settings = settings_or_fail()
    logs.configure(settings)
    tell_unsafe_settings(settings)
    tell_missing_traces()
    with opened_database(settings) as database:
        prepare_keys(database, seal_of(database, settings))
        now = clock.now()
        prepare_demo(database, now, refresh_inline_limit=settings.refresh_inline_limit)
        refuse_published_secrets(database, place.ip, yes_really=yes_really)
        print_demo(database, settings, place.url, now)
        print_console(database, settings, place.url, now)
    run_server(settings, place, 1, with_worker=True)


def prepare_demo(
    database: Database, now: datetime, *, refresh_inline_limit: int = REFRESH_INLINE_LIMIT
) -> None:
    """Fills an empty database. On a later start it only moves the dates of the data forward."""
    data = demo_manifest(now)
    content = list(_content(now))
    manifest = from_data({**data, "content": content})
    apply_to(database, [manifest], refresh_inline_limit=refresh_inline_limit)
    sample = [item["course"] for item in content if "course" in item]
    keys = [course["key"] for course in sample]
    tell_story(database, MAIL_KINDS, data["enterprises"][0], keys, now)
    hand_out_licenses(database, data["enterprises"][0], now)
    for enterprise in data["enterprises"]:
        report_progress(database, enterprise, sample, now)


def offered_link(database: Database, settings: Settings, enterprise_uuid: UUID) -> str:
    """The newest link of a mail with which something can be taken; empty when there is none."""
    links = claim_links(database, settings)
    kind = MAIL_KINDS["assignment-allocated"]
    with database.read() as connection:
        search = DeliverySearch(kind=kind.name, enterprise_uuid=enterprise_uuid)
        for mail in search_deliveries(connection, search, limit=100):
            claim = kind.claim_of(mail.subject_uuid, mail.created_at)
            if claim and look(connection, claim).state is ClaimState.OFFERED:
                return f"A link from the mail of a learner:\n\n{links(claim)}\n"
    return ""


def _content(now: datetime) -> Iterator[dict[str, Any]]:
    sample = list(courses(DEMO_COURSES, now))
    yield from ({"course": document} for document in sample)
    yield from ({"course_run": document} for document in course_runs(STANDALONE_RUNS, now))
    yield from ({"program": document} for document in programs(DEMO_PROGRAMS, sample, now))


def print_demo(database: Database, settings: Settings, url: str, now: datetime) -> None:
    """Prints credentials and three requests that can be pasted, one on each line."""
    enterprise: dict[str, Any] = demo_manifest(now)["enterprises"][0]
    roles = {UUID(enterprise["uuid"]): "admin"}
    token, _ = KeyRing(database, settings).issue(DEMO_CLIENT_ID, roles)
    catalog = enterprise["catalogs"][0]["uuid"]
    budget = enterprise["policies"][0]
    form = (
        f"grant_type=client_credentials&client_id={DEMO_CLIENT_ID}"
        f"&client_secret={DEMO_CLIENT_SECRET}&token_type=jwt"
    )
    headers = f"-H 'Authorization: JWT {token}' -H 'Accept: application/json'"
    content = f"{url}/enterprise/v2/enterprise-catalogs/{catalog}?limit=5"
    mailed = offered_link(database, settings, UUID(enterprise["uuid"]))
    summary = f"{url}/enterprise/v3/enterprise-customer/{enterprise['uuid']}/learner-summary"
    typer.echo(
        f"""Bursar is about to serve {enterprise["name"]}.

  URL            {url}
  client id      {DEMO_CLIENT_ID}
  client secret  {DEMO_CLIENT_SECRET}
  enterprise     {enterprise["uuid"]}
  catalog        {catalog}
  budget         {budget["uuid"]}
  configuration  {budget["assignment_configuration"]["uuid"]}
  plan           {enterprise["subscription_plans"][0]["uuid"]}
  documentation  {url}/docs

Three requests to try (paste them into another terminal):

curl -d '{form}' {url}/oauth2/v1/access_token

curl {headers} '{content}'

curl {headers} '{summary}?page_size=5'

{mailed}"""
    )


def print_console(database: Database, settings: Settings, url: str, now: datetime) -> None:
    """Prints two links to the console, one on each line: each signs in once. The end of what the
    demonstration says."""
    enterprise = UUID(demo_manifest(now)["enterprises"][0]["uuid"])
    people = (
        Invite(DEMO_ADMINISTRATOR, enterprise, ConsoleRole.ADMIN, asks_password=False),
        Invite(DEMO_OPERATOR, None, ConsoleRole.OPERATOR, asks_password=False),
    )
    administrator, an_operator = (
        link_for(database, settings, person, root=url) for person in people
    )
    typer.echo(
        f"""The console, in a browser (each link works once):

  administrator  {administrator}
  operator       {an_operator}

Stop with Ctrl-C. What you change is kept in {database.url.database}.
"""
    )
