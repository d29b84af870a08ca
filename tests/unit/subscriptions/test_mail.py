from datetime import UTC, datetime
from uuid import UUID

import pytest

from bursar.delivery.rendering import Rendered, render
from bursar.delivery.service import NewMail
from bursar.delivery.views import Correspondent
from bursar.subscriptions.licenses import mail
from bursar.subscriptions.plans.locking import LockedPlan
from bursar.subscriptions.plans.rules import Seats, Terms

UNKNOWN = UUID(int=1)
PLAN = LockedPlan(
    UNKNOWN,
    UNKNOWN,
    "Tools & <Trade>",
    Terms(
        is_active=True,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        expiration_date=datetime(2027, 2, 3, 23, tzinfo=UTC),
    ),
    Seats(),
    None,
)


def rendered(new: NewMail) -> Rendered:
    (kind,) = (kind for kind in mail.MAIL_KINDS if kind.name == new.kind)
    return render(kind.templates, kind.name, Correspondent("Acme", None), new.context)


def test_greeting_and_closing_stand_around_the_text() -> None:
    found = rendered(mail.of_assigned(PLAN, UNKNOWN, "a@b.example", "Hello <you>,\nwell?", "Bye!"))
    assert found.subject == "Acme has given you a license: Tools & <Trade>"
    assert found.text.startswith("Hello <you>,\nwell?\n\nAcme has given you a license")
    assert "The subscription ends on 3 February 2027.\n\nBye!\n\n--" in found.text
    assert "Hello &lt;you&gt;," in found.html
    assert "<strong>Tools &amp; &lt;Trade&gt;</strong>" in found.html
    assert found.html.index("Hello") < found.html.index("3 February") < found.html.index("Bye!")


@pytest.mark.parametrize(
    "new",
    [
        mail.of_assigned(PLAN, UNKNOWN, "a@b.example", "", ""),
        mail.of_reminded(PLAN, UNKNOWN, "a@b.example"),
    ],
)
def test_without_them_nothing_is_left_behind(new: NewMail) -> None:
    found = rendered(new)
    assert found.text.startswith("Acme has given you")
    assert "\n\n\n" not in found.text
    assert "<p></p>" not in found.html
    assert "3 February 2027" in found.html


def test_every_kind_has_its_own_name() -> None:
    assert [kind.name for kind in mail.MAIL_KINDS] == ["license-assigned", "license-reminder"]
