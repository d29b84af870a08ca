"""`bursar token`. With `--url` it is a client of a server, and imports nothing of the server's
code."""

import json
from typing import Annotated
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

import typer

from bursar.cli.exits import EXIT_INVALID, fail

FORM = "application/x-www-form-urlencoded"


def token(
    client_id: Annotated[str, typer.Option("--client-id")],
    client_secret: Annotated[str, typer.Option("--client-secret")],
    url: Annotated[
        str, typer.Option("--url", help="Request it from this server instead of the database.")
    ] = "",
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
    # Imports the database, the domains and cryptography, which a client of a server does not need.
    from bursar.cli.token_of_database import ask_database  # noqa: PLC0415

    return ask_database(form, FORM)


def _ask_server(url: str, form: bytes) -> dict[str, object]:
    # urllib is used because importing httpx takes as long as the rest of this command.
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
