from ipaddress import ip_network

import pytest

from bursar.web.callers import MOST_PROXIES, caller_address, caller_of

TRUSTED = [ip_network("10.0.0.0/8"), ip_network("127.0.0.1"), ip_network("fd00::/8")]
PROXY, CALLER, FORGED = "10.0.0.1", "192.0.2.7", "198.51.100.9"


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        (CALLER, [], CALLER),
        (CALLER, [FORGED], CALLER),
        (PROXY, [], PROXY),
        (PROXY, [CALLER], CALLER),
        (PROXY, [f"{FORGED}, {CALLER}"], CALLER),
        (PROXY, [FORGED, CALLER], CALLER),
        (PROXY, [f"{FORGED}, {CALLER}, 10.9.9.9,127.0.0.1"], CALLER),
        (PROXY, ["10.1.1.1"], "10.1.1.1"),
        (PROXY, [""], PROXY),
        (PROXY, [f"{FORGED}, unknown"], PROXY),
        (PROXY, [f"{FORGED}, , 10.2.2.2"], "10.2.2.2"),
        (PROXY, ["2001:db8::1"], "2001:db8::1"),
        ("fd00::1", [CALLER], CALLER),
        ("::ffff:10.0.0.1", [CALLER], CALLER),
        ("", [CALLER], ""),
        ("a socket", [CALLER], "a socket"),
    ],
)
def test_only_what_trusted_proxies_say_counts(
    peer: str, forwarded: list[str], expected: str
) -> None:
    headers = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    assert caller_address(peer, [(b"host", b"x"), *headers], TRUSTED) == expected


def test_by_default_nobody_is_believed() -> None:
    assert caller_address("127.0.0.1", [(b"x-forwarded-for", CALLER.encode())], []) == "127.0.0.1"


def test_what_stands_before_more_proxies_than_anybody_has_is_not_read() -> None:
    def found(proxies: int) -> str:
        forwarded = ",".join([CALLER, *["10.0.0.2"] * proxies])
        return caller_address(PROXY, [(b"x-forwarded-for", forwarded.encode())], TRUSTED)

    assert found(MOST_PROXIES - 1) == CALLER
    assert found(MOST_PROXIES) == "10.0.0.2"


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("2001:db8:1:2:3::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("192.0.2.1", "192.0.2.1"),
        ("a socket", "a socket"),
    ],
)
def test_what_anybody_is_given_at_least_counts_as_one_caller(peer: str, expected: str) -> None:
    assert caller_of({"client": (peer, 1), "headers": []}, []) == expected


def test_a_caller_without_an_address_is_a_caller_too() -> None:
    assert caller_of({"client": None, "headers": []}, TRUSTED) == ""
