"""An identity provider that sends everything at once: each request is answered, and nothing is
done twice or lost."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.scim.provider import CORE, PATCH, Provider

AT_ONCE = 12
LEAVE = {"op": "replace", "path": "active", "value": False}


def all_at_once(work: Sequence[Callable[[], httpx.Response]]) -> Counter[int]:
    """How often each status was answered."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = [future.result() for future in [pool.submit(each) for each in work]]
    return Counter(answer.status_code for answer in answers)


def creating(provider: Provider, name: str) -> Callable[[], httpx.Response]:
    user = {"schemas": [f"{CORE}:User"], "userName": name}
    return lambda: provider.request("POST", "/Users", user)


def patching(provider: Provider, path: str, *operations: object) -> Callable[[], httpx.Response]:
    body = {"schemas": [PATCH], "Operations": list(operations)}
    return lambda: provider.request("PATCH", path, body)


def test_one_user_comes_many_times(provider: Provider) -> None:
    statuses = all_at_once([creating(provider, "ana@example.org")] * AT_ONCE)
    assert statuses == {201: 1, 409: AT_ONCE - 1}
    assert provider.json("GET", "/Users")["totalResults"] == 1
    assert len(provider.events("learner.created")) == 1


def test_many_users_come_and_leave(provider: Provider) -> None:
    names = [f"learner-{number}@example.org" for number in range(3 * AT_ONCE)]
    assert all_at_once([creating(provider, name) for name in names]) == {201: len(names)}
    users = provider.json("GET", "/Users?count=200")["Resources"]
    assert sorted(each["userName"] for each in users) == sorted(names)
    # Each is told twice to leave.
    leaving = [patching(provider, f"/Users/{each['id']}", LEAVE) for each in users * 2]
    assert set(all_at_once(leaving)) <= {200, 204}
    assert not any(each["active"] for each in provider.json("GET", "/Users")["Resources"])
    assert len(provider.events("learner.deactivated")) == len(names)


def test_a_group_is_changed_from_many_sides(provider: Provider) -> None:
    users = [provider.create(f"learner-{number}@example.org") for number in range(AT_ONCE)]
    body = {"schemas": [f"{CORE}:Group"], "displayName": "Data"}
    path = f"/Groups/{provider.json('POST', '/Groups', body, 201)['id']}"
    joining = [
        patching(provider, path, {"op": "add", "path": "members", "value": [{"value": each["id"]}]})
        for each in users
    ]
    renaming = patching(provider, path, {"op": "replace", "value": {"displayName": "Data team"}})
    assert set(all_at_once([*joining, renaming, *joining])) <= {200, 204}
    shown = provider.json("GET", path)
    assert shown["displayName"] == "Data team"
    assert {each["value"] for each in shown["members"]} == {each["id"] for each in users}
    added = [each["data"]["added"] for each in provider.events("group.changed")]
    assert sum(added) == len(users)
