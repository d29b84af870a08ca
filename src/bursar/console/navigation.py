"""The rail: the sections that a person can reach, and which of them is open."""

from dataclasses import dataclass
from typing import Final

from bursar.console.screens import OF_INSTALLATION
from bursar.console.visits import Visit


@dataclass(frozen=True, slots=True)
class Item:
    title: str
    icon: str
    path: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    items: tuple[Item, ...]


_OF_ENTERPRISE: Final = (
    ("", (("Home", "home", ""),)),
    (
        "Money",
        (
            ("Budgets", "wallet", "/budgets"),
            ("Assignments", "inbox", "/assignments"),
            ("Transactions", "ledger", "/transactions"),
        ),
    ),
    ("Seats", (("Subscriptions", "stack", "/subscriptions"),)),
    ("People", (("Learners", "person", "/learners"), ("Groups", "people", "/groups"))),
    ("Learning", (("Progress", "chart", "/progress"),)),
    ("Catalog", (("Catalogs", "book", "/catalogs"),)),
    (
        "Set-up",
        (
            ("Integrations", "plug", "/integrations"),
            ("People", "key", "/people"),
            ("Audit", "clock", "/audit"),
        ),
    ),
)
_OF_INSTALLATION: Final = (
    (
        "Installation",
        (
            ("Health", "pulse", OF_INSTALLATION),
            ("Enterprises", "building", f"{OF_INSTALLATION}/enterprises"),
            ("Jobs", "stack", f"{OF_INSTALLATION}/jobs"),
            ("Deliveries", "mail", f"{OF_INSTALLATION}/deliveries"),
            ("Find", "search", f"{OF_INSTALLATION}/find"),
            ("Audit", "clock", f"{OF_INSTALLATION}/audit"),
            ("Style guide", "swatch", "/console/styleguide"),
        ),
    ),
)
_ROOTS: Final = ("", OF_INSTALLATION)
"""The paths of these are beginnings of others."""


def rail(visit: Visit) -> tuple[Group, ...]:
    """Empty for somebody who is not signed in."""
    if visit.signed_in is None:
        return ()
    groups = []
    if visit.enterprise_view is not None and visit.role is not None:
        groups += [_group(visit, title, items, visit.base) for title, items in _OF_ENTERPRISE]
    if visit.signed_in.is_operator:
        groups += [_group(visit, title, items, "") for title, items in _OF_INSTALLATION]
    return tuple(groups)


def _group(visit: Visit, title: str, items: tuple[tuple[str, str, str], ...], base: str) -> Group:
    return Group(
        title,
        tuple(
            Item(name, icon, base + path, _is_open(visit.path, base + path, is_root=path in _ROOTS))
            for name, icon, path in items
        ),
    )


def _is_open(here: str, path: str, *, is_root: bool) -> bool:
    return here == path or (not is_root and here.startswith(f"{path}/"))
