"""The link of a claim, which mails to learners carry."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from bursar.claims.tokens import Claim, ClaimTokens

PATH = "/claim/"

LinkTo: TypeAlias = Callable[[Claim], str | None]
"""None where the installation cannot make links."""


@dataclass(frozen=True, slots=True)
class ClaimLinks:
    public_url: str
    """Without a slash at its end. Empty: nobody knows where the pages are."""
    tokens: ClaimTokens

    def __call__(self, claim: Claim) -> str | None:
        if not self.public_url:
            return None
        token = self.tokens.make(claim)
        return None if token is None else f"{self.public_url}{PATH}{token}"


def no_links(_claim: Claim) -> None:
    """For whoever sends mails that have none."""
