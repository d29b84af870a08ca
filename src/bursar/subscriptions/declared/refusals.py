"""Why a declaration was not followed."""

from bursar.declarations import DeclarationRefused


class PlanRefused(DeclarationRefused):
    """The plan cannot be as it is declared; nothing was changed for it."""
