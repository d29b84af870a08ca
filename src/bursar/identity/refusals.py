"""Why enterprises, clients and tokens are refused."""

from uuid import UUID


class UnknownEnterprise(LookupError):
    """There is no enterprise with this uuid."""

    def __init__(self, uuid: UUID) -> None:
        super().__init__(f"no such enterprise: {uuid}")
        self.uuid = uuid


class SlugTaken(ValueError):
    """Another enterprise has the slug. The transaction can go on."""

    def __init__(self, slug: str) -> None:
        super().__init__(f"another enterprise has the slug {slug!r}")
        self.slug = slug


class SandboxIsForGood(ValueError):
    """An enterprise becomes a sandbox when it is created, or never."""

    def __init__(self, uuid: UUID) -> None:
        super().__init__(f"whether {uuid} is a sandbox was said when it was created")
        self.uuid = uuid


class UnknownClient(LookupError):
    """There is no client with this id."""

    def __init__(self, client_id: str) -> None:
        super().__init__(f"no such client: {client_id}")
        self.client_id = client_id


class ClientOfAnotherEnterprise(ValueError):
    """People of another enterprise made the client, and know its secret."""

    def __init__(self, client_id: str) -> None:
        super().__init__(f"people of another enterprise made the client {client_id!r}")
        self.client_id = client_id


class ClientExists(ValueError):
    """There is a client with this id already."""

    def __init__(self, client_id: str) -> None:
        super().__init__(f"there is a client {client_id} already")
        self.client_id = client_id


class InvalidClientId(ValueError):
    """The id is empty, too long, or holds what nobody can type."""

    def __init__(self) -> None:
        super().__init__("a client id has 1 to 255 printable characters")


class InvalidCredentials(Exception):
    """The client is unknown or disabled, or the secret is none of its own."""


class TooManyFailures(Exception):
    """Too many failed to authenticate within a minute: as this client, from this address, or in
    all."""

    def __init__(self, seconds_to_wait: int) -> None:
        super().__init__(f"wait {seconds_to_wait} seconds")
        self.seconds_to_wait = seconds_to_wait


class ClockTooFarAhead(Exception):
    def __init__(self, most_days: int) -> None:
        super().__init__(f"The clock of a sandbox can be ahead by {most_days:,} days at most.")
