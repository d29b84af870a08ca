"""Access tokens: who asks for them, and until when one is used."""

from dataclasses import dataclass, field
from urllib.parse import urlencode

import msgspec

from bursar_client.values import Record, read
from bursar_client.wire import Answer, Request

TOKEN_PATH = "/oauth2/v1/access_token"  # noqa: S105 - a path
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Credentials:
    client_id: str
    client_secret: str = field(repr=False)

    def request(self) -> Request:
        """Asking twice does no harm, so it is sent again like a GET."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "token_type": "jwt",
        }
        body = urlencode(form).encode()
        return Request(
            "POST", TOKEN_PATH, body=body, content_type=FORM, idempotency_key="not needed"
        )


class TokenAnswer(Record):
    access_token: str
    expires_in: float = 3600.0


class Token(msgspec.Struct):
    """One that is renewed before it ends: a crawl of hours sees none that has expired."""

    text: str
    useful_until: float

    @classmethod
    def fixed(cls, text: str) -> "Token":
        return cls(text, float("inf"))

    @classmethod
    def read(cls, answer: Answer, asked_at: float) -> "Token":
        found = read(TokenAnswer, answer.json())
        margin = min(60.0, found.expires_in / 10)
        return cls(found.access_token, asked_at + found.expires_in - margin)

    @property
    def header(self) -> str:
        return f"JWT {self.text}"
