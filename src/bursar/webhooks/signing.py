"""Requests that are signed as Standard Webhooks 1.0 says."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from standardwebhooks import Webhook

from bursar import __version__

AGENT: Final = f"Bursar/{__version__}"


def signed_headers(
    message_id: str, body: str, secrets: Sequence[str], at: datetime
) -> dict[str, str]:
    """The headers of one attempt. Each live secret signs, so that a receiver can change over.

    `message_id` is the same for every attempt, which lets a receiver recognise a repetition.
    """
    signatures = [Webhook(secret).sign(message_id, at, body) for secret in secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
