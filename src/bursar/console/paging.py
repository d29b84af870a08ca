"""The page of a list that a query asks for."""

from bursar.console.visits import Refused, Visit


def page_number(visit: Visit) -> int:
    """Raises Refused."""
    text = visit.query.get("page") or "1"
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Refused(400, "This page cannot be read", "`page` is a number.", "Begin anew.")
    return int(text)
