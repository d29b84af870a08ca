"""`bursar token` and `bursar audit`."""

import json
from datetime import datetime
from typing import Annotated
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen
from uuid import UUID

import typer

from bursar import clock
from bursar.audit.service import entries
from bursar.cli.support import EXIT_INVALID, fail, opened_database, opening_keys, settings_or_fail
from bursar.identity.routes import token_response
from bursar.identity.tokens import KeyRing

FORM = "application/x-www-form-urlencoded"


def token(
    client_id: Annotated[str, typer.Option("--client-id")],
    client_secret: Annotated[str, typer.Option("--client-secret")],
    url: Annotated[str, typer.Option("--url", help="Ask this server, not the database.")] = "",
) -> None:
    """Print an access token."""
    form = urlencode(
        {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "token_type": "jwt",
        }
    ).encode()
    answer = _ask_server(url, form) if url else _ask_database(form)
    if "access_token" not in answer:
        fail(str(answer.get("error_description") or answer.get("error") or answer))
    typer.echo(answer["access_token"])


def _ask_database(form: bytes) -> dict[str, object]:
    settings = settings_or_fail()
    with opened_database(settings) as database, opening_keys():
        ring = KeyRing(database, settings)
        answer = token_response(
            database,
            ring,
            settings,
            content_type=FORM,
            authorization=None,
            body=form,
            address="command line",
        )
    return answer.body


def _ask_server(url: str, form: bytes) -> dict[str, object]:
    if urlsplit(url).scheme not in {"http", "https"}:
        fail("--url must begin with http:// or https://", EXIT_INVALID)
    target = url.rstrip("/") + "/oauth2/v1/access_token"
    request = Request(target, data=form, headers={"Content-Type": FORM})  # noqa: S310 - checked
    try:
        with urlopen(request, timeout=30) as response:  # noqa: S310 - checked
            text = response.read()
    except HTTPError as error:
        text = error.read()
    except (URLError, OSError) as error:
        fail(f"{target}: {error}")
    try:
        answer: dict[str, object] = json.loads(text)
    except ValueError:
        fail(f"{target} did not answer like Bursar")
    return answer


def audit(
    enterprise: Annotated[UUID, typer.Option("--enterprise", help="The enterprise's uuid.")],
    since: Annotated[str, typer.Option("--since", help="An ISO 8601 instant.")] = "",
) -> None:
    """List who did what, oldest first."""
    try:
        after: datetime | None = clock.parse_instant(since) if since else None
    except ValueError:
        fail(f"--since: {since!r} is no instant", EXIT_INVALID)
    with opened_database(settings_or_fail()) as database, database.read() as connection:
        for entry in entries(connection, enterprise, after):
            typer.echo(
                f"{clock.format_instant(entry.at)}  {entry.actor}  {entry.action}  "
                f"{entry.object_type} {entry.object_id}  {entry.request_id or '-'}  "
                f"{json.dumps(entry.details, ensure_ascii=False)}"
            )
