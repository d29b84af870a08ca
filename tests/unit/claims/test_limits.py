import pytest

from bursar.claim_pages.limits import BAD_A_MINUTE, OPENED_A_MINUTE, PageLimits, TooOften

HERE, THERE = "192.0.2.1", "192.0.2.2"


def test_an_address_that_tries_links_is_stopped_and_others_are_not() -> None:
    limits = PageLimits()
    for number in range(BAD_A_MINUTE):
        limits.check(HERE, f"wrong{number}")
        limits.note_bad(HERE)
    with pytest.raises(TooOften):
        limits.check(HERE, "one more")
    limits.check(THERE, "one more")


def test_one_link_is_opened_so_often_from_everywhere_together() -> None:
    limits = PageLimits()
    for number in range(OPENED_A_MINUTE):
        limits.check(f"192.0.2.{number}", "the link")
    with pytest.raises(TooOften):
        limits.check(HERE, "the link")
    limits.check(HERE, "another link")
