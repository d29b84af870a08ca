"""What surrounds every endpoint: the system's own routes, tokens, wrong routes and methods."""

import base64

from tests.corpus import world
from tests.corpus.stage import JSON, TOKEN_PATH, XML, Stage

CATALOGS = "/enterprise/v2/enterprise-catalogs"
ONE = f"{CATALOGS}/{world.SHELF}"
FORM = "application/x-www-form-urlencoded"


def play(stage: Stage) -> None:
    _system(stage)
    _tokens(stage)
    _throttled(stage)
    _authorizations(stage)
    _routes(stage)
    _formats(stage)
    _conditional(stage)
    _compressed(stage)
    _origins(stage)
    _me(stage)


def _system(stage: Stage) -> None:
    for path in ("/health", "/ready", "/openapi.json", "/oauth2/jwks"):
        for accept in (None, XML):
            stage.get(path, by=None, accept=accept)
        stage.ask("HEAD", path, by=None)
        stage.ask("OPTIONS", path, by=None)
        stage.ask("POST", path, by=None)


def _me(stage: Stage) -> None:
    path = "/enterprise/v1/me"
    for by in (None, world.ADMIN, world.REPORTING, world.BOTH):
        stage.get(path, by=by)
    stage.get(path, accept=XML)
    stage.post(path, {})


def _basic(client: str, secret: str) -> str:
    return f"Basic {base64.b64encode(f'{client}:{secret}'.encode()).decode()}"


def _tokens(stage: Stage) -> None:
    def ask(form: str | bytes, content_type: str = FORM, **headers: str) -> None:
        stage.post(TOKEN_PATH, form, by=None, accept=None, content_type=content_type, **headers)

    good = world.token_form(world.ADMIN)
    quoted = "s3cret%3A%20with%20%2B%20odd%20%26%20letters%20%C3%A9"
    basic = _basic(world.ADMIN, quoted)
    ask(good)
    ask(world.token_form(world.REPORTING, token_type=""))
    ask(world.token_form(world.REPORTING, token_type="bearer"))
    ask("grant_type=client_credentials", authorization=basic)
    ask(world.token_form(world.ADMIN, client_secret=""), authorization=basic)
    ask(good, authorization=basic)
    ask("grant_type=client_credentials", authorization=_basic(world.ADMIN, "wrong"))
    ask("grant_type=client_credentials", authorization="Basic !")
    ask("grant_type=client_credentials", authorization=_basic("", ""))
    ask("grant_type=client_credentials", authorization="JWT x")
    ask("grant_type=client_credentials")
    ask(world.token_form(world.ADMIN, client_secret="wrong"))
    ask(world.token_form("nobody"))
    ask(world.token_form("no\x00body"))
    ask(world.token_form(world.ADMIN, grant_type=""))
    ask(world.token_form(world.ADMIN, grant_type="password"))
    ask(world.token_form(world.ADMIN, token_type="mac"))
    ask(f"{good}&client_id=twice")
    ask("")
    ask(b"\xff\xfe")
    ask("{}", content_type=JSON)
    ask("grant_type=" + "x" * 40_000)
    ask("&".join(f"a{number}=1" for number in range(200)))
    stage.get(TOKEN_PATH, by=None)
    stage.ask("OPTIONS", TOKEN_PATH, by=None)


def _throttled(stage: Stage) -> None:
    with stage.configured(BURSAR_TOKEN_FAILURES_PER_MINUTE="1"):
        for _ in range(2):
            bad = world.token_form("somebody")
            stage.post(TOKEN_PATH, bad, by=None, accept=None, content_type=FORM)


def _authorizations(stage: Stage) -> None:
    token = stage.token(world.ADMIN)
    head, _, tail = token.partition(".")
    for header in (
        "",
        "JWT",
        "JWT garbage",
        "JWT a.b.c",
        f"Token {token}",
        _basic("acme-admin", "x"),
        f"JWT {token} more",
        f"JWT {head}.{tail[::-1]}",
        f"Bearer {token}",
        f"jwt {token}",
    ):
        stage.get(ONE + "/courses/ShelfX+C1", by=None, authorization=header)
    stage.get(f"{CATALOGS}?page_size=1", by=world.LEAVER)
    stage.run("clients", "disable", world.LEAVER)
    stage.get(f"{CATALOGS}?page_size=1", by=world.LEAVER)
    stage.run("clients", "enable", world.LEAVER)
    stage.run("clients", "enable", world.LEAVER)
    stage.run("clients", "disable", "nobody")
    stage.get(f"{CATALOGS}?page_size=1", by=world.LEAVER)


def _routes(stage: Stage) -> None:
    for path in (
        "/",
        "/enterprise",
        "/enterprise/v2",
        "/enterprise/v9/anything",
        f"{ONE}/unknown",
        f"{ONE}/courses",
        "/enterprise/v2//enterprise-catalogs",
        "/enterprise/v2/enterprise-catalogs%2f",
    ):
        stage.get(path)
        stage.get(path, by=None, accept=None)
    stage.get(f"{CATALOGS}/?page_size=1")
    for method in ("PUT", "PATCH", "DELETE", "POST", "TRACE", "BREW"):
        stage.ask(method, CATALOGS)
        stage.ask(method, "/unknown", by=None)
    stage.get(f"{CATALOGS}?page_size=1", x_request_id="mine-1")
    stage.get(f"{CATALOGS}/{world.UNKNOWN}", x_request_id="mine-2", accept=XML)


def _formats(stage: Stage) -> None:
    path = f"{ONE}?limit=1"
    for accept in (
        "*/*",
        "text/xml",
        "text/*",
        "application/vnd.api+json",
        "application/json;q=0.1, application/xml",
        "application/xml;q=0, */*",
        "application/json;q=0, application/xml;q=0",
        "text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8",
        "nonsense",
        "text/csv",
        ";;;,",
    ):
        stage.get(path, accept=accept)
    for query in ("format=json", "format=xml", "format=csv", "format=", "format=JSON"):
        stage.get(f"{path}&{query}", accept=XML)
    stage.get(path, accept=None, content_type=JSON)
    stage.get(path, accept="*/*", content_type=JSON)
    stage.get(f"{CATALOGS}?{'&'.join(f'p{number}=1' for number in range(2_000))}")


def _conditional(stage: Stage) -> None:
    for path in (CATALOGS, f"{ONE}?limit=1", f"{ONE}/courses/ShelfX+C1"):
        for accept in (JSON, XML):
            tag = stage.header("etag", path, accept)
            for method in ("GET", "HEAD"):
                stage.ask(method, path, accept=accept, if_none_match=tag)
            stage.get(path, accept=accept, if_none_match=f'"other", W/{tag}')
            stage.get(path, accept=accept, if_none_match='"other"')
        stage.get(path, if_none_match="*")
        for date in ("Mon, 02 Mar 2026 09:00:00 GMT", "Mon, 02 Mar 2026 08:59:59 GMT", "garbage"):
            stage.get(path, if_modified_since=date)


def _compressed(stage: Stage) -> None:
    for coding in ("gzip", "zstd", "gzip;q=0, identity", "br"):
        stage.get(f"{ONE}?limit=3", accept_encoding=coding)
        tag = stage.header("etag", f"{ONE}?limit=3", JSON, accept_encoding=coding)
        stage.get(f"{ONE}?limit=3", accept_encoding=coding, if_none_match=tag)


def _origins(stage: Stage) -> None:
    origin = "https://portal.example.org"
    with stage.configured(
        BURSAR_CORS_ORIGINS=origin,
        BURSAR_PUBLIC_URL="https://api.acme.example/",
        BURSAR_LMS_PUBLIC_URL="https://courses.acme.example/",
    ):
        stage.get(f"{ONE}?limit=1", origin=origin)
        stage.get(f"{ONE}?limit=1", origin="https://elsewhere.example.org")
        preflight = {"access_control_request_method": "GET"}
        stage.ask("OPTIONS", ONE, by=None, origin=origin, **preflight)
