"""Screens: which path a function answers, and who may ask.

    screens = Screens()

    @screens.get("/console/e/{slug:str}/budgets/{policy_uuid:uuid}", owned=POLICY)
    def show_budget(visit: Visit, connection: Connection) -> Html: ...

A path below `/console/e/{slug}` belongs to the enterprise of the slug. What else a path names is
an `Owned` of its domain, looked for in that enterprise only.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, TypeVar

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.console.visits import File, Goto, Html, ShownOnce, Visit
from bursar.tenancy import Owned

OF_ENTERPRISE: Final = "/console/e/{slug:str}"
OF_INSTALLATION: Final = "/console/operator"

Read = Callable[[Visit, Connection], Html | Goto | File]
Write = Callable[[Visit, Session], Html | Goto | ShownOnce]
Alone = Callable[[Visit], Html | Goto]
R = TypeVar("R", bound=Read)
W = TypeVar("W", bound=Write)
A = TypeVar("A", bound=Alone)


class Reach(Enum):
    """Who reaches a screen."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed in"
    ENTERPRISE = "enterprise"
    OPERATOR = "operator"


def reach_of(path: str) -> Reach:
    if path.startswith(OF_ENTERPRISE):
        return Reach.ENTERPRISE
    return Reach.OPERATOR if path.startswith(OF_INSTALLATION) else Reach.SIGNED_IN


@dataclass(frozen=True, slots=True)
class Screen:
    """What answers a method at a path: exactly one of `read`, `write` and `alone`."""

    method: str
    path: str
    reach: Reach
    owned: Owned[Any] | None = None
    read: Read | None = None
    write: Write | None = None
    """In one transaction; a page as its answer undoes it, but for one that is shown once."""
    alone: Alone | None = None
    """Opens transactions of its own, because it verifies or makes hashes."""
    changes_nothing: bool = False
    """A form that only looks: whatever it does is undone."""
    is_grave: bool = False
    """About money or people: the person has to have proved lately who they are."""
    before_totp: bool = False
    """For whoever still has to set up a second factor, where the installation demands one."""
    only_admin: bool = False
    """A page that shows what viewers are not shown. Every form is for administrators only."""


@dataclass(frozen=True, slots=True)
class Screens:
    """The screens of one module."""

    found: list[Screen] = field(default_factory=list)

    def get(
        self,
        path: str,
        *,
        owned: Owned[Any] | None = None,
        reach: Reach | None = None,
        before_totp: bool = False,
        only_admin: bool = False,
    ) -> Callable[[R], R]:
        def note(function: R) -> R:
            self.found.append(
                Screen(
                    "GET",
                    path,
                    reach or reach_of(path),
                    owned=owned,
                    read=function,
                    before_totp=before_totp,
                    only_admin=only_admin,
                )
            )
            return function

        return note

    def post(
        self,
        path: str,
        *,
        owned: Owned[Any] | None = None,
        is_grave: bool = False,
        changes_nothing: bool = False,
        before_totp: bool = False,
    ) -> Callable[[W], W]:
        def note(function: W) -> W:
            self.found.append(
                Screen(
                    "POST",
                    path,
                    reach_of(path),
                    owned=owned,
                    write=function,
                    is_grave=is_grave,
                    changes_nothing=changes_nothing,
                    before_totp=before_totp,
                )
            )
            return function

        return note

    def post_alone(
        self,
        path: str,
        *,
        reach: Reach | None = None,
        is_grave: bool = False,
        before_totp: bool = False,
    ) -> Callable[[A], A]:
        def note(function: A) -> A:
            screen = Screen(
                "POST",
                path,
                reach or reach_of(path),
                alone=function,
                is_grave=is_grave,
                before_totp=before_totp,
            )
            self.found.append(screen)
            return function

        return note
