from datetime import UTC, datetime
from uuid import UUID

import pytest

from bursar.delivery.rendering import Rendered, render
from bursar.delivery.service import NewMail
from bursar.delivery.views import Correspondent
from bursar.subscriptions.licenses import mail
from bursar.subscriptions.licenses.events import LicenseAssigned, LicenseReminded
from bursar.subscriptions.licenses.states import LicenseStatus
from bursar.subscriptions.licenses.views import LicenseItem

UNKNOWN = UUID(int=1)
LICENSE = LicenseItem(
    uuid=UNKNOWN,
    status=LicenseStatus.ASSIGNED,
    user_email="a@b.example",
    lms_user_id=None,
    user_sfid=None,
    subscription_plan_uuid=UNKNOWN,
    assigned_date="2026-01-01T00:00:00Z",
    activation_date=None,
    revoked_date=None,
)
END = datetime(2027, 2, 3, 23, tzinfo=UTC)


def assigned(greeting: str, closing: str) -> NewMail:
    return mail.assigned_mail(
        LicenseAssigned(
            object_id=UNKNOWN,
            enterprise_uuid=UNKNOWN,
            data=LICENSE,
            email="a@b.example",
            plan_title="Tools & <Trade>",
            plan_expiration=END,
            notify=True,
            greeting=greeting,
            closing=closing,
        )
    )


def reminder() -> NewMail:
    return mail.reminder_mail(
        LicenseReminded(
            object_id=UNKNOWN,
            enterprise_uuid=UNKNOWN,
            data=LICENSE,
            email="a@b.example",
            plan_title="Tools & <Trade>",
            plan_expiration=END,
        )
    )


def rendered(new: NewMail) -> Rendered:
    (kind,) = (kind for kind in mail.MAIL_KINDS if kind.name == new.kind)
    return render(kind.templates, kind.name, Correspondent("Acme", None), new.context)


def test_greeting_and_closing_stand_around_the_text() -> None:
    found = rendered(assigned("Hello <you>,\nwell?", "Bye!"))
    assert found.subject == "Acme has given you a license: Tools & <Trade>"
    assert found.text.startswith("Hello <you>,\nwell?\n\nAcme has given you a license")
    assert "The subscription lasts until 3 February 2027, 23:00 UTC.\n\nBye!\n\n--" in found.text
    assert "Hello &lt;you&gt;," in found.html
    assert "<strong><bdi>Tools &amp; &lt;Trade&gt;</bdi></strong>" in found.html
    assert found.html.index("Hello") < found.html.index("3 February") < found.html.index("Bye!")


@pytest.mark.parametrize(
    "new",
    [
        assigned("", ""),
        reminder(),
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
