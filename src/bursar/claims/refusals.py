"""Why nothing is shown or done for a token."""


class UnknownClaim(Exception):
    """Nobody was given what the token names, or the token is none."""


class ClaimRefused(Exception):
    """The claim cannot be taken now. What its page shows says why."""
