"""What `bursar connect test` asks of each system that an installation is connected to.

A token, rights, and a read each. What fails names what is missing on the other side, and what
builds on it is not asked.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Final

from bursar.catalog.sync.source import Listing, SourceTrouble
from bursar.cli.findings import SKEW, Finding, Verdict
from bursar.connectors.discovery.client import DiscoverySource
from bursar.connectors.openedx.answers import ClientRefused
from bursar.connectors.openedx.trial import LmsTrial
from bursar.enrollment.gateway import LmsUnavailable
from bursar.settings import Settings
from bursar.work import mail_server_trouble

_STAFF: Final = (
    "In the LMS's administration, under Users, open the user of Bursar's application and tick "
    "its staff status"
)
_APPLICATION: Final = (
    "In the LMS's administration, under Django OAuth Toolkit, the application has to be "
    "confidential, with the grant type client credentials, and with this id and secret"
)


def check_connections(settings: Settings) -> Iterator[Finding]:
    yield from _lms(settings)
    yield from _discovery(settings)
    yield _mail(settings)


def _lms(settings: Settings) -> Iterator[Finding]:
    if not settings.lms_url:
        text = "BURSAR_LMS_URL is not set: enrollments are kept in Bursar only"
        yield Finding(Verdict.NOTE, "LMS", text)
        return
    with closing(LmsTrial.of(settings)) as trial:
        try:
            ahead = trial.sign_in()
        except LmsUnavailable as error:
            yield Finding(Verdict.WRONG, "LMS token", _without_token(error))
            return
        yield Finding(Verdict.OK, "LMS token", "it gives Bursar one")
        yield from _clock(ahead)
        yield _right("LMS accounts", "they can be looked up", trial.look_up_account)
        yield _right("LMS enrollments", "they can be read", trial.read_enrollment)


def _without_token(error: LmsUnavailable) -> str:
    if isinstance(error, ClientRefused):
        return f"{error}. {_APPLICATION} (BURSAR_LMS_CLIENT_ID, BURSAR_LMS_CLIENT_SECRET)"
    return f"{error}: is BURSAR_LMS_URL right, and is the way there open?"


def _clock(ahead: float | None) -> Iterator[Finding]:
    if ahead is not None and abs(ahead) > SKEW.total_seconds():
        text = f"it is {abs(ahead):.0f} seconds off: synchronise both"
        yield Finding(Verdict.WRONG, "LMS clock", text)


def _right(about: str, done: str, ask: Callable[[], None]) -> Finding:
    try:
        ask()
    except ClientRefused as error:
        return Finding(Verdict.WRONG, about, f"Bursar's user is not allowed: {error}. {_STAFF}")
    except LmsUnavailable as error:
        return Finding(Verdict.WRONG, about, f"no answer: {error}")
    return Finding(Verdict.OK, about, done)


def _discovery(settings: Settings) -> Iterator[Finding]:
    if not settings.discovery_url:
        text = "BURSAR_DISCOVERY_URL is not set: content is imported only"
        yield Finding(Verdict.NOTE, "discovery", text)
        return
    small = settings.model_copy(update={"discovery_page_size": 1})
    with closing(DiscoverySource.of(small, attempts=1)) as source:
        try:
            source.sign_in()
        except SourceTrouble as error:
            told = f"{error}. {_APPLICATION} (BURSAR_DISCOVERY_CLIENT_ID and its secret)"
            yield Finding(Verdict.WRONG, "discovery token", told)
            return
        yield Finding(Verdict.OK, "discovery token", "the LMS gives Bursar one")
        for listing in Listing:
            yield _listed(source, listing)


def _listed(source: DiscoverySource, listing: Listing) -> Finding:
    about = f"discovery {listing}"
    try:
        page = source.page(listing, source.first_query(listing, None), _refuse_to_wait)
    except SourceTrouble as error:
        return Finding(Verdict.WRONG, about, str(error))
    if not page.results:
        return Finding(Verdict.NOTE, about, "there are none")
    told = f"{page.count:,} can be read" if page.count is not None else "they can be read"
    return Finding(Verdict.OK, about, told)


def _refuse_to_wait(seconds: float) -> None:
    """Somebody sits in front of the command. Raises SourceTrouble."""
    if seconds:
        raise SourceTrouble(f"it allows no more requests now: try again in {seconds:.0f} s")


def _mail(settings: Settings) -> Finding:
    if not settings.smtp_url:
        text = "BURSAR_SMTP_URL is not set: mail is kept in the database, and never sent"
        return Finding(Verdict.NOTE, "mail", text)
    trouble = mail_server_trouble(settings)
    if trouble:
        return Finding(Verdict.WRONG, "mail", f"{trouble}: is BURSAR_SMTP_URL right?")
    return Finding(Verdict.OK, "mail", "the server lets Bursar in")
