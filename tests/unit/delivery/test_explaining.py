from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from bursar.delivery.explaining import Circumstances, why
from bursar.delivery.service import AttemptView, Channel, DeliveryStatus, DeliveryView

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NIL = UUID(int=0)
MAIL = DeliveryView(
    id=1,
    uuid=NIL,
    channel=Channel.MAIL,
    enterprise_uuid=NIL,
    kind="known",
    subject_uuid=NIL,
    target_uuid=None,
    event_uuid=None,
    recipient="ann@example.org",
    context={},
    status=DeliveryStatus.PENDING,
    attempts=2,
    next_attempt_at=NOW,
    leased_until=None,
    created_at=NOW,
    finished_at=None,
    error="451 later",
)
GIVEN = Circumstances(NOW, {"known"}, has_server=True, is_suspended=False)
LATER = NOW + timedelta(minutes=5)
TAKEN = AttemptView(1, NOW, "delivered", 250, "250 OK", 0.1)


@pytest.mark.parametrize(
    ("mail", "given", "told"),
    [
        ({}, {}, "It is due since 2026-03-01T12:00:00Z. Is a worker running (bursar doctor)?"),
        ({}, {"has_server": False}, "It will be kept only: BURSAR_SMTP_URL is empty."),
        ({}, {"is_suspended": True}, "It waits while the enterprise is suspended"),
        ({"kind": "another"}, {}, "this one knows no mail of its kind"),
        ({"leased_until": LATER}, {}, "A worker has taken it"),
        (
            {"next_attempt_at": LATER},
            {},
            "It is tried again at 2026-03-01T12:05:00Z, after 2 attempts: 451 later",
        ),
        (
            {"status": DeliveryStatus.DROPPED, "error": "The license is gone."},
            {},
            "It was dropped, and not sent: The license is gone.",
        ),
        ({"status": DeliveryStatus.FAILED}, {}, f"bursar mail retry {NIL}"),
        ({"status": DeliveryStatus.DELIVERED}, {}, "The mail server took it at"),
    ],
)
def test_each_reason_is_a_sentence(mail: dict[str, Any], given: dict[str, Any], told: str) -> None:
    assert told in why(replace(MAIL, **mail), [TAKEN], replace(GIVEN, **given))
