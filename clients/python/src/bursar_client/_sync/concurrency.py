"""What differs between threads and tasks, beside keywords. The twin in `_async` is by hand."""

import threading
import time

Lock = threading.Lock


class Pace:
    """The passing of time. Tests put another one in its place."""

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
