"""The page of a list that a query asks for: by its number, or by what it comes before."""

from bursar.console.visits import Refused, Visit


def page_number(visit: Visit) -> int:
    """Raises Refused."""
    text = visit.query.get("page") or "1"
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Refused(400, "This page cannot be read", "`page` is a number.", "Begin anew.")
    return int(text)


def newest_before(visit: Visit) -> int | None:
    """The number that all of a page are older than; None for the newest. Raises Refused."""
    text = visit.query.get("before") or ""
    if text and not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Refused(400, "This page cannot be read", "`before` is a number.", "Begin anew.")
    return int(text or 0) or None
