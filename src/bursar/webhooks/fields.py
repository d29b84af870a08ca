"""The fields of an endpoint that callers choose: checked, and changed."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from bursar.declarations import set_fields
from bursar.events.event import Changes
from bursar.outgoing.settings import settings_of
from bursar.outgoing.urls import checked_url
from bursar.webhooks.models import WebhookEndpoint
from bursar.webhooks.refusals import WrongFields
from bursar.webhooks.secrets import checked_secret
from bursar.webhooks.selection import checked_types

LONGEST_DESCRIPTION: Final = 255
OFF: Final = "It was switched off."
_STORED: Final = ("url", "description", "event_types", "disabled_at", "disabled_reason")


def checked_fields(session: Session, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The fields as they are stored; `enabled` and `secret` as they are asked for. Raises
    WrongFields with all that is wrong."""
    permitted = settings_of(session).permitted
    checks: dict[str, Callable[[Any], Any]] = {
        "url": lambda url: checked_url(url, permitted),
        "description": _checked_description,
        "event_types": checked_types,
        "secret": checked_secret,
    }
    values, problems = dict(asked), dict[str, str]()
    for name in values.keys() & checks.keys():
        try:
            values[name] = checks[name](values[name])
        except ValueError as error:
            problems[name] = str(error)
    if problems:
        raise WrongFields(problems)
    return values


def _checked_description(text: str) -> str:
    if len(text) > LONGEST_DESCRIPTION:
        raise ValueError(f"Give at most {LONGEST_DESCRIPTION} characters.")
    return text


def change_fields(row: WebhookEndpoint, values: Mapping[str, Any], at: datetime) -> Changes:
    """Sets what differs, and returns the changes. What is enabled again starts anew."""
    stored = dict(values)
    enabled = stored.pop("enabled", None)
    if enabled is True and row.disabled_at is not None:
        stored |= {"disabled_at": None, "disabled_reason": None}
        row.failing_since = None
    elif enabled is False and row.disabled_at is None:
        stored |= {"disabled_at": at, "disabled_reason": OFF}
    changes = set_fields(row, _STORED, stored)
    if changes:
        row.modified_at = at
    return {name: (_plain(old), _plain(new)) for name, (old, new) in changes.items()}


def _plain(value: Any) -> Any:
    """Changes hold no lists."""
    return ", ".join(value) if isinstance(value, list) else value
