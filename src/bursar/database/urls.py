"""Database URLs as operators write them."""

from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

_POSTGRES: Final = frozenset({"postgresql", "postgres", "postgresql+psycopg"})


def sqlalchemy_url(url: str) -> URL:
    """`postgresql://...` as operators write it, with our driver named. Raises ValueError.

    Several hosts, `postgresql://USER@H1:5432,H2:5432/DB`, are tried in turn. Unless the URL says
    something else, the first that accepts writes is taken, so that a standby is left alone.
    """
    # No message quotes the URL, because it may contain a password.
    try:
        parsed = _of_several_hosts(url) or make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError("the database URL cannot be read as one") from None
    if parsed.drivername in {"postgresql", "postgres"}:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise ValueError("the database URL must name a file: sqlite:///PATH")
    if parsed.drivername in {"sqlite", "postgresql+psycopg"}:
        return parsed
    scheme = f"{parsed.drivername}://"
    raise ValueError(f"database URL must begin with sqlite:/// or postgresql://, not {scheme}")


def _of_several_hosts(url: str) -> URL | None:
    """SQLAlchemy wants each host in the query: `?host=H1:5432&host=H2:5432`. Raises ValueError."""
    parts = urlsplit(url)
    user, at, hosts = parts.netloc.rpartition("@")
    if parts.scheme not in _POSTGRES or "," not in hosts:
        return None
    parsed = make_url(parts._replace(netloc=f"{user}{at}").geturl())
    named = tuple(hosts.split(","))
    for host in named:
        if urlsplit(f"//{host}").port == 0 or not urlsplit(f"//{host}").hostname:
            raise ValueError
    wanted = {"target_session_attrs": "read-write", "connect_timeout": "5"}
    return parsed.set(query={**wanted, **parsed.query, "host": named})
