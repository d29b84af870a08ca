"""A sandbox: an enterprise that exists for tests. To all other enterprises, nothing here exists."""

# Made from bursar_client._async by tools/make_sync.py; a test compares them.

from collections.abc import Iterator

from bursar_client._sync.part import Part
from bursar_client.models.sandbox import AdvancedClock, CapturedMail, Clock, Faults
from bursar_client.values import as_list, as_object, as_text, read
from bursar_client.wire import Identifier, get, post, put

MAIL = "/enterprise/v1/sandbox/mail"
CLOCK = "/enterprise/v1/sandbox/clock"
FAULTS = "/enterprise/v1/sandbox/faults"
RESET = "/enterprise/v1/sandbox/reset"


class Sandbox(Part):
    def mail(
        self, *, to: str | None = None, enterprise: Identifier | None = None
    ) -> Iterator[CapturedMail]:
        """The newest first, as soon as they are queued. None of them is ever sent."""
        chosen = self._enterprise(enterprise)
        request = get(MAIL, enterprise_customer_uuid=chosen, to=to)
        while True:
            body = as_object((self._wire.send(request)).json())
            for item in as_list(body.get("results")):
                yield read(CapturedMail, item)
            following = as_text(body.get("next"))
            if following is None:
                return
            request = request.with_query(following.partition("?")[2])

    def clock(self, *, enterprise: Identifier | None = None) -> Clock:
        chosen = self._enterprise(enterprise)
        return self._one(get(CLOCK, enterprise_customer_uuid=chosen), Clock)

    def advance(self, span: str, *, enterprise: Identifier | None = None) -> AdvancedClock:
        """By weeks, or by days, hours, minutes and seconds, such as `P90D`, and never back. What is
        due then is done."""
        chosen = self._enterprise(enterprise)
        request = post(CLOCK, {"advance": span}, enterprise_customer_uuid=chosen)
        return self._one(request, AdvancedClock)

    def faults(self, *, enterprise: Identifier | None = None) -> Faults:
        """What goes wrong."""
        chosen = self._enterprise(enterprise)
        return self._one(get(FAULTS, enterprise_customer_uuid=chosen), Faults)

    def set_faults(
        self,
        *,
        lms_slow_seconds: int = 0,
        lms_away: bool = False,
        lms_refuse_one_in: int | None = None,
        mail_bounce: bool = False,
        enterprise: Identifier | None = None,
    ) -> Faults:
        """What is not named goes right again."""
        lms = {
            "slow_seconds": lms_slow_seconds,
            "away": lms_away,
            "refuse_one_in": lms_refuse_one_in,
        }
        body = {"lms": lms, "mail": {"bounce": mail_bounce}}
        chosen = self._enterprise(enterprise)
        return self._one(put(FAULTS, body, enterprise_customer_uuid=chosen), Faults)

    def reset(self, *, enterprise: Identifier | None = None) -> None:
        """Forgets its mails and puts its faults back. All other data stay."""
        chosen = self._enterprise(enterprise)
        self._done(post(RESET, enterprise_customer_uuid=chosen))
