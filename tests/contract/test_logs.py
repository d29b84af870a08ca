"""What a real server logs of requests and of its own defects names nobody and opens nothing."""

import json

from testing.clients.api import Api
from testing.clients.samples import GOOD_BODY
from testing.servers.contract_endpoints import THINGS
from testing.shops.service import Service
from testing.worlds.contract import ADMIN, EXAMPLES

PERSON = "zoe.hidden@acme.example"
SECRET = "not-the-secret-of-anybody"
FORM = {"grant_type": "client_credentials", "client_id": ADMIN, "client_secret": SECRET}


def test_a_log_holds_no_token_secret_or_address(service: Service, api: Api) -> None:
    url = f"{THINGS}/{EXAMPLES}"
    body = GOOD_BODY | {"emails": [PERSON], "flag": True}
    request_id = f"by-{PERSON}"
    before = len(service.log())
    answer = api.http.post(
        url,
        json=body,
        headers={"Authorization": str(api.authorization), "X-Request-ID": request_id},
    )
    assert answer.status_code == 500
    assert api.get(f"{url}?email={PERSON}").status_code == 405
    assert api.post("/oauth2/v1/access_token", data=FORM).status_code == 401
    written = service.log()[before:]
    defects = [json.loads(line) for line in written.splitlines() if "request.defect" in line]
    assert "a defect: ['[address]']" in defects[0]["exception"]
    hook = api.http.post(f"/hooks/openedx/{SECRET}", json={"email": PERSON})
    assert hook.status_code == 404
    written = service.log()[before:]
    for secret in (PERSON, SECRET, str(api.authorization).removeprefix("JWT ")):
        assert secret not in written
