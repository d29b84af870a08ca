"""Counts what only the process itself sees. Its `/metrics` shows it.

Only workers import this module, because the library takes time to import.
"""

from typing import Final

from prometheus_client import CollectorRegistry, Counter

COUNTED: Final = CollectorRegistry()

LMS_CALLS: Final = Counter(
    "bursar_lms_calls",
    "Calls to the LMS by outcome: answered, or trouble that is tried again or given up.",
    ("outcome",),
    registry=COUNTED,
)
DISCOVERY_REQUESTS: Final = Counter(
    "bursar_discovery_requests",
    "Requests to the discovery service by outcome: answered, or trouble that is tried again or "
    "given up.",
    ("outcome",),
    registry=COUNTED,
)
JOBS: Final = Counter(
    "bursar_jobs_done",
    "Jobs that this worker ran, by outcome: succeeded, failed, put off to a successor.",
    ("job", "outcome"),
    registry=COUNTED,
)
WEBHOOK_ATTEMPTS: Final = Counter(
    "bursar_webhook_attempts",
    "Attempts to send a webhook by outcome: delivered, retrying, failed.",
    ("outcome",),
    registry=COUNTED,
)
XAPI_ATTEMPTS: Final = Counter(
    "bursar_xapi_attempts",
    "Attempts to send an xAPI statement by outcome: delivered, retrying, failed, and conflict "
    "where the store has another statement with the same id.",
    ("outcome",),
    registry=COUNTED,
)
MAIL_ATTEMPTS: Final = Counter(
    "bursar_mail_attempts",
    "Attempts to send a mail by outcome: delivered, retrying, failed.",
    ("outcome",),
    registry=COUNTED,
)
