"""What is signed here is verified by the package of Standard Webhooks for JavaScript."""

import json
import subprocess

import pytest

from bursar import clock
from bursar.webhooks.secrets import new_webhook_secret
from bursar.webhooks.signing import signed_headers
from testing.clients.newman import find_node
from testing.paths import REPOSITORY

pytestmark = pytest.mark.slow

PROGRAM = REPOSITORY / "tests/webhooks/verify.cjs"
PACKAGES = REPOSITORY / ".tools/node_modules"
EVENT = {"id": "evt_1", "type": "license.assigned", "data": {"user_email": "anä@example.org"}}


def verified(secret: str, headers: dict[str, str], body: str) -> str:
    command = [find_node(), PROGRAM, PACKAGES, secret, json.dumps(headers), body]
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def test_both_secrets_of_a_rotation_verify_and_no_other_does() -> None:
    old, new, other = (new_webhook_secret() for _ in range(3))
    body = json.dumps(EVENT, ensure_ascii=False)
    headers = signed_headers("evt_1", body, [new, old], clock.now())
    assert json.loads(verified(old, headers, body)) == EVENT
    assert json.loads(verified(new, headers, body)) == EVENT
    assert verified(other, headers, body) == "No matching signature found"
    assert verified(new, headers, body + " ") == "No matching signature found"
