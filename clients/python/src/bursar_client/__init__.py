"""A typed client of the edX Enterprise API, as Bursar and the original services serve it."""

from bursar_client._async.client import AsyncBursar
from bursar_client._async.pages import AsyncPages
from bursar_client._sync.client import Bursar
from bursar_client._sync.pages import Pages
from bursar_client.cursors import Cursors, FileCursors, MemoryCursors
from bursar_client.errors import (
    ApiError,
    BadRequest,
    BursarError,
    CatalogKeepsChanging,
    ConnectionFailed,
    CursorForgotten,
    Forbidden,
    InvalidSignature,
    JobFailed,
    NotFound,
    RateLimited,
    Refused,
    ServerFailed,
    TooLarge,
    Unauthorized,
    Unavailable,
    UnexpectedAnswer,
    WaitedTooLong,
)
from bursar_client.models.catalogs import Changed, Document, Removed
from bursar_client.models.events import Event
from bursar_client.models.learners import CourseEnrollment
from bursar_client.retries import NEVER, Retries
from bursar_client.version import VERSION

__version__ = VERSION
__all__ = [
    "NEVER",
    "ApiError",
    "AsyncBursar",
    "AsyncPages",
    "BadRequest",
    "Bursar",
    "BursarError",
    "CatalogKeepsChanging",
    "Changed",
    "ConnectionFailed",
    "CourseEnrollment",
    "CursorForgotten",
    "Cursors",
    "Document",
    "Event",
    "FileCursors",
    "Forbidden",
    "InvalidSignature",
    "JobFailed",
    "MemoryCursors",
    "NotFound",
    "Pages",
    "RateLimited",
    "Refused",
    "Removed",
    "Retries",
    "ServerFailed",
    "TooLarge",
    "Unauthorized",
    "Unavailable",
    "UnexpectedAnswer",
    "WaitedTooLong",
]
