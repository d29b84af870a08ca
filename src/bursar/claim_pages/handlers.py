"""`/claim/{token}`: the pages on which learners take what they were given.

Nobody signs in here: whoever has the link has what it is for. Looking changes nothing.
"""

import asyncio
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Final

from litestar.handlers import HTTPRouteHandler

from bursar.actors import Actor
from bursar.claim_pages.forms import MAX_FORM_BYTES, form_of, searched
from bursar.claim_pages.headers import page_headers
from bursar.claim_pages.languages import texts_for
from bursar.claim_pages.limits import WAIT_SECONDS, PageLimits, TooOften
from bursar.claim_pages.pages import Found, Notice, claim_page, notice_page
from bursar.claim_pages.sentences import N_
from bursar.claim_pages.styles import style_named
from bursar.claim_pages.work import ClaimWork, Taken
from bursar.claims.links import PATH
from bursar.claims.refusals import ClaimRefused, UnknownClaim
from bursar.claims.tokens import Claim, ClaimTokens
from bursar.claims.views import ClaimState, ClaimView
from bursar.database.engine import DATABASE_AWAY
from bursar.database.troubles import DatabaseBusy
from bursar.enrollment.gateway import LmsUnavailable
from bursar.enrollment.links import course_link
from bursar.settings import Settings
from bursar.web.adapter import AnyRequest, Threads, page_handler
from bursar.web.bodies import read_body
from bursar.web.callers import caller_of
from bursar.web.rendering import Incoming, Outgoing

PATIENCE_SECONDS: Final = 5.0
"""How long a learner waits to be enrolled before the page says that it takes a little."""
LOOK_SECONDS: Final = 0.2
_NOWHERE: Final = Notice(
    N_("This link leads nowhere"),
    N_(
        "It may have been cut off, or mistyped. Open it again from the newest mail about it, or "
        "ask whoever sent you the mail."
    ),
)
_TOO_OFTEN: Final = Notice(
    N_("Too many attempts"), N_("Wait a minute, and then open the link in your mail again.")
)
_BUSY: Final = Notice(
    N_("This does not work at the moment"),
    N_("Nothing was changed. Wait a minute, and then open the link in your mail again."),
)
_STYLE_HEADERS: Final = {
    "content-type": "text/css; charset=utf-8",
    "cache-control": "public, max-age=3600",
}


@dataclass(frozen=True, slots=True)
class ClaimPages:
    work: ClaimWork
    settings: Settings
    tokens: ClaimTokens
    limits: PageLimits
    readers: Threads
    writers: Threads

    async def answer(self, request: AnyRequest, incoming: Incoming) -> Outgoing:
        address = caller_of(request.scope, self.settings.proxy_networks)
        token = incoming.path_parameters["token"]
        try:
            self.limits.check(address, token)
            claim = self.tokens.read(token)
            if claim is None:
                raise UnknownClaim
            if incoming.method == "POST":
                slowest = self.settings.slowest_transfer
                await read_body(request, incoming, MAX_FORM_BYTES, slowest=slowest)
                return await self._take(claim, incoming)
            return await self._show(claim, incoming)
        except UnknownClaim:
            self.limits.note_bad(address)
            return self.notice(404, _NOWHERE, incoming)
        except TooOften:
            return self.notice(429, _TOO_OFTEN, incoming, retry_after=WAIT_SECONDS)
        except (*DATABASE_AWAY, DatabaseBusy, LmsUnavailable):
            return self.notice(503, _BUSY, incoming, retry_after=WAIT_SECONDS)

    def notice(
        self, status: int, notice: Notice, incoming: Incoming, *, retry_after: int | None = None
    ) -> Outgoing:
        texts = texts_for(incoming.headers.get("accept-language", ""), None, None)
        headers = page_headers(None, *self._leads_to)
        if retry_after is not None:
            headers["retry-after"] = str(retry_after)
        return Outgoing(status, headers, notice_page(notice, texts, self.settings.templates))

    async def _show(self, claim: Claim, incoming: Incoming, status: int = 200) -> Outgoing:
        asked = searched(incoming.query)
        view = await self.readers.run(self.work.search, claim, asked or "")
        look = view.look
        browser = incoming.headers.get("accept-language", "")
        texts = texts_for(browser, look.language, look.timezone)
        if status == 200 and view.state is ClaimState.OVER:
            status = 410
        found = self._found(view, asked, is_enrolling=b"enrolling" in incoming.query)
        headers = page_headers(look, *self._leads_to)
        return Outgoing(status, headers, claim_page(view, texts, found, self.settings.templates))

    def _found(self, view: ClaimView, asked: str | None, *, is_enrolling: bool) -> Found:
        return Found(
            None if view.run_key is None else self._course_url(view.run_key),
            tuple((course.title, self._course_url(course.key)) for course in view.enrolled),
            asked,
            is_enrolling,
            self.settings.register_url,
        )

    async def _take(self, claim: Claim, incoming: Incoming) -> Outgoing:
        actor = Actor("claim page", incoming.request_id)
        form = form_of(incoming.body)
        try:
            taken = await self.writers.run(self.work.take, actor, claim, form)
        except ClaimRefused:
            return await self._show(claim, incoming, 409)
        until = monotonic() + PATIENCE_SECONDS
        while not taken.is_settled and monotonic() < until:
            await asyncio.sleep(LOOK_SECONDS)
            taken = await self.readers.run(self.work.look_again, claim, taken)
        headers = page_headers(taken.view.look, *self._leads_to)
        return Outgoing(303, {**headers, "location": self._next(taken, incoming)})

    def _next(self, taken: Taken, incoming: Incoming) -> str:
        """Where the learner goes on: to the course, or to the page as it is now."""
        if taken.is_waiting:
            return self.settings.register_url
        if taken.goes_on_to is not None:
            return self._course_url(taken.goes_on_to)
        page = f"{incoming.root}{PATH}{incoming.path_parameters['token']}"
        return page if taken.is_settled else f"{page}?enrolling"

    @property
    def _leads_to(self) -> tuple[str, str]:
        return self.settings.lms_public_url, self.settings.register_url

    def _course_url(self, run_key: str) -> str:
        return course_link(self.settings.lms_public_url, run_key)


def claim_handlers(pages: ClaimPages) -> list[HTTPRouteHandler]:
    return [
        page_handler(f"{PATH}{{token:str}}", ["GET", "POST"], pages.answer),
        page_handler(f"{PATH}static/{{name:str}}", ["GET"], partial(_static, pages)),
    ]


async def _static(pages: ClaimPages, _request: AnyRequest, incoming: Incoming) -> Outgoing:
    style = style_named(incoming.path_parameters["name"], pages.settings.templates)
    if style is None:
        return pages.notice(404, _NOWHERE, incoming)
    return Outgoing(200, dict(_STYLE_HEADERS), style)
