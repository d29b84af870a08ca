"""Writes statements: what is said of an event. No function has effects.

The same event is always said in the same words, so that a store that is told twice knows it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias
from urllib.parse import quote
from uuid import UUID, uuid5

from bursar.xapi.models import Identity
from bursar.xapi.verbs import IRIS, Verb

Statement: TypeAlias = dict[str, Any]

_IDS: Final = UUID("5d4c8a58-2f0e-5b0c-9d5b-3f3f9c1f6d0a")
"""The namespace of the ids of statements. With another one, all would be sent anew."""
_COURSE: Final = "http://adlnet.gov/expapi/activities/course"
_PROFILE: Final = {
    "id": "https://w3id.org/xapi/lms",
    "definition": {"type": "http://adlnet.gov/expapi/activities/profile"},
}
"""Says that the statements follow the profile of learning management systems."""
_ROLE: Final = "https://w3id.org/xapi/lms/extensions/role"
_ANY_LANGUAGE: Final = "und"
"""Titles do not say in which language they are."""
_IN_PLACES: Final = frozenset({Verb.REGISTERED, Verb.UNREGISTERED})
_KEPT_IN_KEYS: Final = ":+@!$&'()*,;=~"
"""What a key of a course may hold and a path too."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event about an enrollment."""

    uuid: UUID
    at: datetime
    enterprise_uuid: UUID
    data: Mapping[str, Any]
    """The row of the learner summary at that moment."""


def statement_id(event_uuid: UUID, verb: Verb) -> UUID:
    return uuid5(_IDS, f"{event_uuid}/{verb}")


def actor_of(told: Told, identity: Identity, lms_url: str) -> dict[str, Any] | None:
    """The person; None when it is not known what is needed to name one so."""
    email, account = told.data.get("user_email"), told.data.get("enterprise_user_id")
    if identity is Identity.ACCOUNT:
        if account is None:
            return None
        return {"objectType": "Agent", "account": {"homePage": lms_url, "name": str(account)}}
    if not email:
        return None
    mbox = f"mailto:{email}"
    if identity is Identity.MBOX:
        return {"objectType": "Agent", "mbox": mbox}
    # The standard says SHA-1.
    hashed = hashlib.sha1(mbox.encode(), usedforsecurity=False).hexdigest()
    return {"objectType": "Agent", "mbox_sha1sum": hashed}


def statement_of(told: Told, verb: Verb, identity: Identity, lms_url: str) -> Statement | None:
    """None when the person cannot be named."""
    actor = actor_of(told, identity, lms_url)
    if actor is None:
        return None
    statement: Statement = {
        "id": str(statement_id(told.uuid, verb)),
        "actor": actor,
        "verb": {"id": IRIS[verb], "display": {"en-US": verb.value}},
        "object": _course_run(told, lms_url),
        "context": _context(told, verb, lms_url),
        "timestamp": _instant(told.at),
    }
    if result := _result(told, verb):
        statement["result"] = result
    return statement


def _instant(at: datetime) -> str:
    # Stores may cut off more than that.
    text = at.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _activity(lms_url: str, key: str, name: str) -> dict[str, Any]:
    """As an Open edX LMS names its courses in statements of its own."""
    return {
        "objectType": "Activity",
        "id": f"{lms_url}/course/{quote(key, safe=_KEPT_IN_KEYS)}",
        "definition": {"type": _COURSE, "name": {_ANY_LANGUAGE: name}},
    }


def _course_run(told: Told, lms_url: str) -> dict[str, Any]:
    key = told.data["courserun_key"]
    return _activity(lms_url, key, told.data.get("course_title") or key)


def _context(told: Told, verb: Verb, lms_url: str) -> dict[str, Any]:
    data = told.data
    activities: dict[str, Any] = {"category": [_PROFILE]}
    if course_key := data.get("course_key"):
        name = data.get("course_title") or course_key
        activities["grouping"] = [_activity(lms_url, course_key, name)]
    context: dict[str, Any] = {
        # The same for all statements about one enrollment.
        "registration": str(uuid5(told.enterprise_uuid, str(data["enrollment_id"]))),
        "platform": "Bursar",
        "team": {
            "objectType": "Group",
            "name": data["enterprise_name"],
            "account": {"homePage": lms_url, "name": str(told.enterprise_uuid)},
        },
        "contextActivities": activities,
    }
    if verb in _IN_PLACES:
        context["extensions"] = {_ROLE: "learner"}
    return context


def _result(told: Told, verb: Verb) -> dict[str, Any]:
    if verb in _IN_PLACES:
        return {}
    result: dict[str, Any] = {}
    grade = told.data.get("current_grade")
    if isinstance(grade, int | float) and 0 <= grade <= 1:
        raw = round(100 * grade, 4)
        result["score"] = {"scaled": grade, "raw": raw, "min": 0, "max": 100}
    if verb in {Verb.PASSED, Verb.COMPLETED}:
        result |= {"success": True, "completion": True}
    elif verb is Verb.FAILED:
        result["success"] = False
    return result


def says_the_same(ours: Statement, theirs: Mapping[str, Any]) -> bool:
    """Whether a store has what we would tell it. It adds to statements, and may write instants in
    another way."""
    return all(
        _same_instant(ours[name], theirs.get(name))
        if name == "timestamp"
        else _holds(theirs.get(name), ours[name])
        for name in ours
    )


def _holds(theirs: Any, ours: Any) -> bool:
    if isinstance(ours, dict):
        is_object = isinstance(theirs, dict)
        return is_object and all(_holds(theirs.get(name), ours[name]) for name in ours)
    if isinstance(ours, list):
        same_length = isinstance(theirs, list) and len(theirs) == len(ours)
        return same_length and all(map(_holds, theirs, ours))
    return bool(theirs == ours)


def _same_instant(ours: str, theirs: Any) -> bool:
    try:
        return datetime.fromisoformat(ours) == datetime.fromisoformat(theirs)
    except (TypeError, ValueError):
        return False
