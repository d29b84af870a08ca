"""What content can be refused for."""


class BrokenDocument(ValueError):
    """A document cannot be served; the message says why."""
