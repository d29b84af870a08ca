"""Mails that carry a file."""

from collections.abc import Sequence
from datetime import timedelta
from time import monotonic
from typing import Any, Final

from bursar import clock
from bursar.delivery.channel import Attempt, QueuedDelivery, Smtp, Transport
from bursar.delivery.messages import Attachment, UnusableAddress, compose
from bursar.delivery.rendering import render
from bursar.delivery.rules import delivered, failed
from bursar.delivery.smtp import ANSWERS, Refused, ServerAway, SmtpConnection
from bursar.delivery.views import Correspondent

NO_SERVER: Final = "BURSAR_SMTP_URL names no mail server, and no file is kept here"


def mail_file(
    transport: Transport,
    delivery: QueuedDelivery,
    enterprise: Correspondent,
    attachment: Attachment,
    *,
    templates: tuple[str, str],
    context: dict[str, Any],
    pauses: Sequence[timedelta],
    seconds: float,
) -> Attempt:
    """Sends one mail over a connection of its own, within so many seconds.

    `templates` are a package and a name.
    """
    if not isinstance(transport, Smtp):
        return failed(delivery, clock.now(), NO_SERVER, pauses=pauses)
    begun = monotonic()
    try:
        rendered = render(*templates, enterprise, context)
        message = compose(
            delivery, rendered, enterprise, transport.sender, clock.now(), attachment=attachment
        )
        longest = min(seconds, ANSWERS * transport.timeout)
        with SmtpConnection(transport.server, transport.timeout, longest) as connection:
            reply = connection.send(message)
    except UnusableAddress as error:
        return failed(delivery, clock.now(), str(error), for_good=True)
    except ServerAway as error:
        return failed(delivery, clock.now(), str(error), pauses=pauses, seconds=monotonic() - begun)
    except Refused as error:
        return failed(
            delivery,
            clock.now(),
            str(error),
            for_good=error.for_good,
            pauses=pauses,
            status=error.status,
            answer=str(error),
            seconds=monotonic() - begun,
        )
    seconds = monotonic() - begun
    return delivered(delivery, clock.now(), status=reply.status, answer=reply.text, seconds=seconds)
