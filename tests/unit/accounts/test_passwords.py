import pytest

from bursar.accounts.refusals import WeakPassword
from bursar.accounts.rules import check_password, digest_of, form_token

EMAIL = "ada.lovelace@example.org"


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "elevenchars",
        "passwordpassword",
        "1qaz2wsx3edc",
        "qwerty123456",
        "aaaaaaaaaaaaaaaa",
        "ada.lovelace@example.org",
        "bursarbursar",
        "x" * 1_001,
    ],
)
def test_what_would_be_tried_first_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword):
        check_password(password, EMAIL)


@pytest.mark.parametrize(
    "password", ["quiet harbour lamp 42 violin", "Zß7!kq-pw0x#L", "ゆきの山は 白い 朝です"]
)
def test_a_good_password_is_taken(password: str) -> None:
    check_password(password, EMAIL)


def test_what_is_stored_leads_to_no_form_token() -> None:
    assert digest_of("cookie") != form_token("cookie")
