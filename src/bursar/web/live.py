"""Answers that go on while things happen. They wait on the event loop, not in threads."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from time import monotonic
from typing import Final

from litestar.response.base import ASGIResponse
from litestar.types import Receive, Scope, Send

from bursar.web.call import Feed
from bursar.web.pace import STREAM_PATIENCE, Pace
from bursar.web.pipeline import REFUSED
from bursar.web.streaming import ClientGone, departure, send_chunk

ADMITTING_SECONDS: Final = 60.0
"""How often it is asked whether the caller may still listen. A feed has a chunk at least every
quarter of that, if only to say that it is alive."""
_SLOWEST: Final = 1
"""Bytes a second. Nobody waits for the place of a feed, so one is cut only when its reader takes
next to nothing."""


class LiveResponse(ASGIResponse):
    """Sends a feed until the client goes, the feed ends, or the caller may not listen any more."""

    def __init__(
        self,
        feed: Feed,
        may_go_on: Callable[[], Awaitable[bool]],
        refusal_of: Callable[[Exception], ASGIResponse],
        *,
        status: int,
        headers: dict[str, str],
    ) -> None:
        """`refusal_of` answers for a feed that cannot be opened."""
        # This sends no Content-Length and leaves the headers as they are.
        super().__init__(status_code=status, headers=headers, is_head_response=True)
        self._feed = feed
        self._may_go_on = may_go_on
        self._refusal_of = refusal_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with self._feed.opened() as chunks:
                await self._send_all(chunks, receive, send)
        except REFUSED as error:
            await self._refusal_of(error)(scope, receive, send)
        except ClientGone:
            pass

    async def _send_all(self, chunks: AsyncIterator[bytes], receive: Receive, send: Send) -> None:
        gone = asyncio.ensure_future(departure(receive))
        gone.add_done_callback(lambda _: self._feed.stop())
        admitted = monotonic()
        pace = Pace(_SLOWEST, STREAM_PATIENCE)
        try:
            await self.start_response(send)
            async for chunk in chunks:
                if monotonic() - admitted > ADMITTING_SECONDS:
                    if not await self._may_go_on():
                        break
                    admitted = monotonic()
                await send_chunk(send, chunk, pace)
            if not gone.done():
                await send_chunk(send, b"", pace, more=False)
        finally:
            gone.cancel()
