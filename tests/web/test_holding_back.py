"""Refusals of an address that collects them are held back for a moment; nothing else is."""

import asyncio
from typing import Any

import pytest

from bursar.web import holding_back
from bursar.web.holding_back import (
    CHECKS_TOKEN,
    DELAY_SECONDS,
    MOST_HELD,
    PERIOD_SECONDS,
    HoldingBack,
)

ALLOWED = 3


def scope(address: str = "192.0.2.1", *, checks_token: bool = True) -> dict[str, Any]:
    state = {CHECKS_TOKEN: True} if checks_token else {}
    return {"client": (address, 1), "headers": [], "state": state}


@pytest.fixture(autouse=True)
def _hardly_any_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding_back, "DELAY_SECONDS", 1e-6)


def held(holder: HoldingBack, scopes: list[dict[str, Any]], status: int = 401) -> list[bool]:
    """Whether each was held, one after the other."""

    async def ask() -> list[bool]:
        return [await holder.answered(each, status) > 0 for each in scopes]

    return asyncio.run(ask())


def test_an_address_may_be_refused_so_often_without_delay() -> None:
    assert DELAY_SECONDS == 1
    assert held(HoldingBack(ALLOWED), [scope()] * 5) == [False] * 3 + [True] * 2


def test_others_are_not_delayed() -> None:
    holder = HoldingBack(ALLOWED)
    held(holder, [scope()] * 5)
    assert held(holder, [scope("192.0.2.2")]) == [False]


@pytest.mark.parametrize("status", [200, 304, 404, 422, 429, 500, 503])
def test_with_a_token_only_its_refusal_is_delayed(status: int) -> None:
    holder = HoldingBack(ALLOWED)
    held(holder, [scope()] * 5)
    assert held(holder, [scope()], status) == [False]


@pytest.mark.parametrize("status", [400, 401, 404, 405, 429, 431])
def test_whatever_is_refused_without_a_token_counts(status: int) -> None:
    without = scope(checks_token=False)
    assert held(HoldingBack(ALLOWED), [without] * 5, status) == [False] * 3 + [True] * 2


def test_refusals_are_forgotten_after_a_while() -> None:
    now = 0.0
    holder = HoldingBack(ALLOWED, monotonic=lambda: now)
    assert held(holder, [scope()] * 4)[-1]
    now += PERIOD_SECONDS
    assert held(holder, [scope()]) == [False]


def test_no_more_are_held_than_there_is_memory_for() -> None:
    holder = HoldingBack(ALLOWED)
    held(holder, [scope()] * 3)
    holder.held = MOST_HELD
    assert asyncio.run(holder.answered(scope(), 401)) == 0
    assert holder.held == MOST_HELD


def test_addresses_are_remembered_up_to_a_number() -> None:
    holder = HoldingBack(ALLOWED)
    for number in range(holding_back._MOST_ADDRESSES + 10):
        holder._is_too_many(scope(str(number)))
    assert len(holder._refusals) == holding_back._MOST_ADDRESSES
