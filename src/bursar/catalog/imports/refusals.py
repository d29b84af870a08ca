"""What imports refuse."""


class TooMuchMissing(Exception):
    """A complete import would delete more than the guard lets pass."""

    def __init__(
        self, missing: int, stored: int, most_percent: int, *, empties_type: bool = False
    ) -> None:
        why = "among them all of one type" if empties_type else f"more than {most_percent} %"
        self.told = f"{missing} of {stored} documents, {why}"
        super().__init__(
            f"{missing} of {stored} stored documents are not in the input, {why}: check the "
            "input, or delete them with --force"
        )
        self.missing = missing
        self.stored = stored
        self.most_percent = most_percent
