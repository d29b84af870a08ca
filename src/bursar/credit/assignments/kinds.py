"""The names of mails about assignments, as they are stored with each mail."""

from typing import Final

ALLOCATED: Final = "assignment-allocated"
REMINDED: Final = "assignment-reminded"
CANCELLED: Final = "assignment-cancelled"
EXPIRED: Final = "assignment-expired"
