"""What is refused to the people of the console."""


class AccountRefused(Exception):
    """The message is a sentence for the person."""


class WrongCredentials(AccountRefused):
    def __init__(self) -> None:
        super().__init__("This e-mail address and this password do not belong together.")


class TooManyAttempts(AccountRefused):
    def __init__(self, seconds: int) -> None:
        rest = f"{seconds} seconds" if seconds <= 120 else f"{-(-seconds // 60)} minutes"
        super().__init__(f"Too many attempts. Try again in {rest}.")
        self.seconds = seconds


class CodeAsked(AccountRefused):
    """The password was right, and a code has to follow."""

    def __init__(self, entrance: str) -> None:
        super().__init__("A code of your app is asked for.")
        self.entrance = entrance
        """What has to be sent along with the code."""


class WrongCode(AccountRefused):
    def __init__(self) -> None:
        super().__init__(
            "This code is wrong, or it was used before. An app shows another one every 30 seconds."
        )


class EntranceGone(AccountRefused):
    def __init__(self) -> None:
        super().__init__("Too much time has passed since the password. Sign in again.")


class SetUpGone(AccountRefused):
    def __init__(self) -> None:
        super().__init__("Too much time has passed, or another key was made since. Begin again.")


class TotpThere(AccountRefused):
    def __init__(self) -> None:
        super().__init__("There is a second factor already. Turn it off before you set up another.")


class NoTotp(AccountRefused):
    def __init__(self) -> None:
        super().__init__("This person has no second factor.")


class KeyClosed(AccountRefused):
    def __init__(self) -> None:
        super().__init__(
            "This installation cannot open the key of your app. Use a recovery code, and tell the "
            "operator that the secret which sealed it is missing from BURSAR_SECRET_KEY."
        )


class NothingToSealTheKeyWith(AccountRefused):
    def __init__(self) -> None:
        super().__init__(
            "This installation has nothing to seal the key of an app with. The operator has to set "
            "BURSAR_SECRET_KEY first."
        )


class WeakPassword(AccountRefused):
    pass


class LinkGone(AccountRefused):
    def __init__(self) -> None:
        super().__init__("This link was used already, or it is too old.")


class UnknownPerson(AccountRefused):
    def __init__(self) -> None:
        super().__init__("This person has no role here.")


class LastOne(AccountRefused):
    def __init__(self) -> None:
        super().__init__("Nobody can remove their own role.")
