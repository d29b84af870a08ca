"""Pure decisions: which passwords are good enough, and how secrets are stored."""

from hashlib import sha256
from typing import Final
from uuid import UUID

from bursar.accounts.commands import LONGEST_PASSWORD, SHORTEST_PASSWORD
from bursar.accounts.refusals import WeakPassword
from bursar.actors import Actor, ActorKind

_OURS: Final = ("bursar", "console")
_LOOKED_AT: Final = 64
_GOOD_ENOUGH: Final = 3
"""Of 4: whoever has the hashes would need more than a hundred million attempts."""


def actor_of(user_uuid: UUID, request_id: str | None = None) -> Actor:
    return Actor(f"user:{user_uuid}", request_id, ActorKind.USER)


def digest_of(secret: str) -> str:
    """How a link or a cookie is stored. It is long and random, so that one hash is enough."""
    return sha256(f"bursar console\0{secret}".encode(errors="replace")).hexdigest()


def form_token(cookie: str) -> str:
    """What a form must send that was made for the holder of a cookie. Nobody can make it who does
    not know the cookie, and nothing that is stored leads to it."""
    return sha256(f"bursar console form\0{cookie}".encode(errors="replace")).hexdigest()


def check_password(password: str, email: str) -> None:
    """Raises WeakPassword with a sentence that says what would be better."""
    if len(password) < SHORTEST_PASSWORD:
        raise WeakPassword(f"The password needs at least {SHORTEST_PASSWORD} characters.")
    if len(password) > LONGEST_PASSWORD:
        raise WeakPassword(f"The password may have {LONGEST_PASSWORD:,} characters at most.")
    # Half a megabyte of lists, for processes only in which somebody chooses a password.
    from zxcvbn import zxcvbn  # noqa: PLC0415

    # What follows would only make it better, and looking at it would take seconds.
    found = zxcvbn(password[:_LOOKED_AT], user_inputs=[email, *email.split("@"), *_OURS])
    if found["score"] < _GOOD_ENOUGH:
        raise WeakPassword(
            "This password is among the first that somebody would try. Take several words that do "
            "not belong together, or let your password manager make one."
        )
