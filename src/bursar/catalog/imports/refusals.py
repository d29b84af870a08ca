"""What imports refuse."""


class TooMuchMissing(Exception):
    """A complete import would delete more than the guard lets pass."""

    def __init__(self, missing: int, stored: int, most_percent: int) -> None:
        super().__init__(
            f"{missing} of {stored} stored documents are not in the input, more than "
            f"{most_percent} %: check the input, or delete them with --force"
        )
        self.missing = missing
        self.stored = stored
