"""Removes from log lines whatever gives access or names a person."""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

_WORD: Final = r"[^\s\"'<>&,;]+"
_SECRETS: Final = "client_secret|password|secret_key|access_token"
_LOCAL: Final = r"[\w.!#$%&*+/=?^`{|}~-]"  # and `'`, but not to begin with
_NUMBERS: Final = frozenset({int, float, bool, type(None)})
# This quick test passes most texts, which contain nothing of the kind.
_SUSPECT: Final = re.compile("@|eyJ|(?i:bearer|jwt|basic|secret|password|access_token)")
_RULES: Final = (
    # A JSON Web Token begins with `{"` in base64, wherever it stands.
    (re.compile(r"\beyJ[\w-]{5,}(?:\.[\w-]*){1,4}"), "[token]"),
    (re.compile(r"\b(bearer|jwt|basic)(\s+)[\w.~+/=-]{6,}", re.IGNORECASE), r"\1\2[token]"),
    (
        re.compile(rf"\b({_SECRETS})(['\"]?\s*[=:]\s*['\"]?){_WORD}", re.IGNORECASE),
        r"\1\2[secret]",
    ),
    (re.compile(r"(://[^\s:/@]*:)[^\s/@]+(?=@)"), r"\1[secret]"),
    # The pattern starts only at the beginning of a word and is bounded. Otherwise a long word would
    # take quadratic time.
    (re.compile(rf"(?<!{_LOCAL}){_LOCAL}(?:{_LOCAL}|'){{0,127}}@[\w-]+(?:\.[\w-]+)+"), "[address]"),
)


def redacted(text: str) -> str:
    if _SUSPECT.search(text) is None:
        return text
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text


def redact_event(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A processor of structlog. It runs before the renderer, so that the rendered line stays
    valid."""
    if _is_plain(event):
        return event
    return {name: _clean(value) for name, value in event.items()}


def _is_plain(event: Mapping[str, Any]) -> bool:
    """A quick test for lines without anything to hide, which nearly all lines about requests
    are."""
    texts = [value for value in event.values() if type(value) is str]
    numbers = sum(type(value) in _NUMBERS for value in event.values())
    return len(texts) + numbers == len(event) and _SUSPECT.search("\n".join(texts)) is None


def _clean(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {redacted(str(name)): _clean(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(each) for each in value]
    return redacted(str(value))
