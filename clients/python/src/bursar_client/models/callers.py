"""Who the client is."""

from datetime import datetime

from bursar_client.values import Record


class MyEnterprise(Record):
    uuid: str
    name: str
    role: str
    slug: str | None = None
    links: dict[str, str] = {}


class Me(Record):
    client_id: str
    default_format: str | None = None
    token_expires_at: datetime | None = None
    enterprises: list[MyEnterprise] = []
    limits: dict[str, object] = {}
