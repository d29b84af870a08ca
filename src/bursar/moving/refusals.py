"""Why a dump is not taken over. Nothing of the enterprise at which it happens is changed then."""


class DumpRefused(Exception):
    """The message is a sentence for who runs the command."""
