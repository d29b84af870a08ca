"""Why a person is not shown, renamed or erased. No message names an address: it may be logged."""


class PersonRefused(Exception):
    """The person cannot be shown, renamed or erased now."""


class UnknownPerson(PersonRefused):
    def __init__(self) -> None:
        super().__init__("This enterprise knows nobody with this address.")


class PersonIsBusy(PersonRefused):
    """Work with the person's address is under way."""

    def __init__(self, work: str) -> None:
        super().__init__(f"Try again later: {work} of this person is under way.")
        self.work = work


class IsContact(PersonRefused):
    def __init__(self) -> None:
        super().__init__(
            "This is the address of the enterprise's contact. Declare another contact_email first."
        )


class AddressTaken(PersonRefused):
    def __init__(self) -> None:
        super().__init__("The new address belongs to somebody of this enterprise already.")


class SameAddress(PersonRefused):
    def __init__(self) -> None:
        super().__init__("The new address is the old one.")
