"""Run by the environment of clients: what openapi-python-client generated does the usual."""

import sys
from uuid import UUID

from bursar_generated import AuthenticatedClient, Client
from bursar_generated.api.enterprise_catalogs import (
    list_the_catalogs,
    list_the_content_of_a_catalog,
)
from bursar_generated.api.policy_allocation import allocate_a_course_to_learners
from bursar_generated.api.tokens import get_an_access_token
from bursar_generated.models import (
    AllocateBody,
    AllocationAnswer,
    CatalogList,
    Course,
    Errors,
    Token,
    TokenRequest,
)

url, client_id, secret, catalog, policy, course = sys.argv[1:]
form = TokenRequest(grant_type="client_credentials", client_id=client_id, client_secret=secret)
token = get_an_access_token.sync(client=Client(base_url=url), body=form)
assert isinstance(token, Token), token
client = AuthenticatedClient(base_url=url, token=token.access_token, prefix="JWT")

catalogs = list_the_catalogs.sync(client=client, page_size=1)
assert isinstance(catalogs, CatalogList), catalogs
assert UUID(catalog) in {each.uuid for each in catalogs.results}

number, keys = 1, []
while True:
    page = list_the_content_of_a_catalog.sync(
        UUID(catalog), client=client, page=str(number), limit=1
    )
    for item in page.results:
        assert isinstance(item, Course), item
        keys.append(item.key)
    if page.next_ is None:
        break
    number += 1
assert course in keys, keys

body = AllocateBody(
    learner_emails=["python@example.org"], content_key=course, content_price_cents=10000
)
allocated = allocate_a_course_to_learners.sync(
    UUID(policy), client=client, body=body, idempotency_key="generated-python"
)
assert isinstance(allocated, AllocationAnswer), allocated
assert allocated.created[0].learner_email == "python@example.org"

body.learner_emails = ["nonsense"]
refused = allocate_a_course_to_learners.sync_detailed(UUID(policy), client=client, body=body)
assert refused.status_code == 400
assert isinstance(refused.parsed, Errors), refused.parsed
assert "learner_emails" in refused.parsed.additional_properties
print("done")
