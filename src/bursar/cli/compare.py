"""`bursar compare`."""

from contextlib import closing
from typing import Annotated
from urllib.parse import urlsplit

import typer
from pydantic import SecretStr

from bursar.cli.exits import EXIT_INVALID, EXIT_SCHEMA, fail
from bursar.comparing.differences import Findings
from bursar.comparing.questions import Comparison
from bursar.comparing.service import Client, Service, ServiceAway


def compare(
    *,
    old: Annotated[str, typer.Option("--old", help="The URL of the one service.")],
    new: Annotated[str, typer.Option("--new", help="The URL of the other one.")],
    client: Annotated[str, typer.Option("--client", help="ID:SECRET of a client that both know.")],
    new_client: Annotated[
        str, typer.Option("--new-client", help="ID:SECRET for the other one, if it differs.")
    ] = "",
    singles: Annotated[
        int, typer.Option("--singles", min=0, help="Documents to ask for alone, by kind.")
    ] = 20,
    ignore: Annotated[
        list[str] | None, typer.Option("--ignore", help="A field whose differences do not count.")
    ] = None,
) -> None:
    """Ask two services the same questions, and print where they differ."""
    mine, theirs = _client("--client", client), _client("--new-client", new_client or client)
    with (
        closing(_service("old", "--old", old, mine)) as old_service,
        closing(_service("new", "--new", new, theirs)) as new_service,
    ):
        comparison = Comparison(
            old_service,
            new_service,
            singles=singles,
            ignored=frozenset(ignore or ()),
            tell=lambda line: typer.echo(line, err=True),
        )
        try:
            found = comparison.run()
        except ServiceAway as error:
            fail(str(error), EXIT_SCHEMA)
    _print(found)


def _service(name: str, option: str, url: str, client: Client) -> Service:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        fail(f"{option} must begin with http:// or https:// and name a host", EXIT_INVALID)
    return Service(name, url, client)


def _client(option: str, told: str) -> Client:
    client_id, colon, secret = told.partition(":")
    if not (client_id and colon and secret):
        fail(f"{option} is ID:SECRET", EXIT_INVALID)
    return Client(client_id, SecretStr(secret))


def _print(found: list[Findings]) -> None:
    for each in found:
        typer.echo(f"GET {each.name}: {each.compared} compared")
        for line in each.lines():
            typer.echo(line)
    differing = sum(each.counts.total() for each in found)
    fields = sum(len(each.counts) for each in found)
    compared = sum(each.compared for each in found)
    typer.echo(f"{compared} compared, {differing} differences in {fields} fields")
    if differing:
        raise typer.Exit(1)
