"""Manifests with scheduled reports, and the keys that they need."""

from functools import cache
from typing import Any, Final

import asyncssh
from pysequoia import Tsk

ACME: Final = "66b5922b-a22b-4a7b-b587-d4af0378bd6f"
GLOBEX: Final = "00000000-0000-4000-8000-000000000001"
SECRET: Final = "a secret of the installation that is long enough"

Values = dict[str, Any]


@cache
def ssh_key(name: str = "client") -> asyncssh.SSHKey:
    """One for each name."""
    return asyncssh.generate_private_key("ssh-ed25519", comment=name)


def private_text(key: asyncssh.SSHKey) -> str:
    return key.export_private_key().decode()


def public_text(key: asyncssh.SSHKey) -> str:
    return key.export_public_key().decode().strip()


@cache
def pgp_pair() -> Tsk:
    return Tsk.generate(user_id="Reports <reports@acme.example>")


def pgp_public_text() -> str:
    return str(pgp_pair().extract_certificate())


def sftp(**fields: Any) -> Values:
    server = {
        "host": "files.acme.example",
        "user": "acme",
        "password": "only here",
        "path": "/incoming",
        "host_key": public_text(ssh_key("host")),
    }
    return {"sftp": server | fields}


def report(name: str = "progress", **fields: Any) -> Values:
    return {
        "name": name,
        "what": "learner-summary",
        "at": {"time": "06:30", "timezone": "Europe/Berlin"},
        "to": {"email": ["ana@acme.example"]},
    } | fields


def acme(*reports: Values, **parts: Any) -> Values:
    named = {"uuid": ACME, "name": "Acme", "slug": "acme", "reports": list(reports)}
    return {"enterprises": [named | parts]}
