"""Run by the environment of clients: edx-rest-api-client, as Open edX services use it."""

import sys

from django.conf import settings

settings.configure(OPENEDX_TELEMETRY=[])

from edx_rest_api_client.client import OAuthAPIClient  # noqa: E402 - it reads the settings

url, client_id, secret, catalog, policy, course = sys.argv[1:]
client = OAuthAPIClient(url, client_id, secret)

catalogs = client.get(f"{url}/enterprise/v2/enterprise-catalogs/").json()
assert catalog in {each["uuid"] for each in catalogs["results"]}, catalogs

keys, following = [], f"{url}/enterprise/v2/enterprise-catalogs/{catalog}/?page_size=1"
while following:
    page = client.get(following).json()
    keys += [item["key"] for item in page["results"]]
    following = page["next"]
assert course in keys, keys

body = {"learner_emails": ["edx@example.org"], "content_key": course, "content_price_cents": 10000}
path = f"{url}/api/v1/policy-allocation/{policy}/allocate/"
allocated = client.post(path, json=body)
assert allocated.status_code == 202, allocated.text
refused = client.post(path, json={**body, "learner_emails": ["nonsense"]})
assert refused.status_code == 400, refused.text
assert list(refused.json()) == ["learner_emails"], refused.text
print("done")
