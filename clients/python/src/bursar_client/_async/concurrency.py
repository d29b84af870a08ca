"""What differs between threads and tasks, beside keywords. The twin in `_sync` is by hand."""

import asyncio
import time

Lock = asyncio.Lock


class AsyncPace:
    """The passing of time. Tests put another one in its place."""

    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
