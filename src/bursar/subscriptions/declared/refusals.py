"""Why a declaration was not followed."""

from bursar.declarations import DeclarationRefused


class PlanRefused(DeclarationRefused):
    """The declared plan is not valid. Nothing was changed."""
