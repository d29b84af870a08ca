"""The consents that a report changes, as its event keeps them."""

import msgspec


class ConsentOfRow(msgspec.Struct):
    """Names the enrollment without an address, because the log is kept for long."""

    learner_id: int
    courserun_key: str


class Consents(msgspec.Struct):
    """The enrollments whose progress may be seen from now on, and those where it no longer may."""

    given: list[ConsentOfRow] = []
    withdrawn: list[ConsentOfRow] = []

    def note(self, learner_id: int, courserun_key: str, *, before: bool, after: bool) -> None:
        if before is not after:
            changed = self.given if after else self.withdrawn
            changed.append(ConsentOfRow(learner_id, courserun_key))
