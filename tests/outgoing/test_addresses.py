"""Which addresses and URLs a webhook may go to."""

from ipaddress import ip_address

import pytest

from bursar.outgoing.addresses import Permitted, is_public
from bursar.outgoing.urls import checked_url, recipient_of

PUBLIC = ["93.184.216.34", "8.8.8.8", "172.32.0.1", "2606:2800:220:1:248:1893:25c8:1946"]
CLOSED = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.9.9.9",
    "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192",
    "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "203.0.113.9", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:8.8.8.8",
    "64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:808:808::1",
    "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "3fff::1", "100::1",
    "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%1", "fec0::1", "ff02::1", "5f00::1",
]  # fmt: skip


@pytest.mark.parametrize("text", PUBLIC)
def test_a_public_address_is_open(text: str) -> None:
    assert is_public(ip_address(text))


@pytest.mark.parametrize("text", CLOSED)
def test_whatever_leads_to_a_neighbour_is_closed(text: str) -> None:
    assert not is_public(ip_address(text))


class TestPermitted:
    permitted = Permitted.of(["10.1.0.0/16", "fd00::/8", "192.168.1.5", "Hooks.Internal"])

    @pytest.mark.parametrize("text", ["10.1.2.3", "::ffff:10.1.2.3", "fd00::7", "192.168.1.5"])
    def test_a_network_permits_its_addresses_without_encryption(self, text: str) -> None:
        assert self.permitted.may_connect("any", ip_address(text), encrypted=False)

    @pytest.mark.parametrize("text", ["10.2.0.1", "192.168.1.6", "127.0.0.1"])
    def test_others_stay_closed(self, text: str) -> None:
        assert not self.permitted.may_connect("any", ip_address(text), encrypted=True)

    def test_a_host_is_permitted_wherever_it_is(self) -> None:
        for name in ("hooks.internal", "HOOKS.INTERNAL", "hooks.internal."):
            assert self.permitted.may_connect(name, ip_address("127.0.0.1"), encrypted=False)
        assert not self.permitted.may_connect(
            "x.hooks.internal", ip_address("127.0.0.1"), encrypted=True
        )

    def test_a_public_address_needs_encryption(self) -> None:
        assert self.permitted.may_connect("any", ip_address("8.8.8.8"), encrypted=True)
        assert not self.permitted.may_connect("any", ip_address("8.8.8.8"), encrypted=False)


GOOD = [
    "https://hooks.example.com/bursar?key=1",
    "https://hooks.example.com:8443",
    "https://8.8.8.8/x",
    "https://[2606:2800:220:1:248:1893:25c8:1946]/x",
    "  https://under_score.example.com/x  ",
]
BAD = {
    "": "at most 2048",
    "https://a.example/" + "x" * 2048: "at most 2048",
    "ftp://a.example": "https://",
    "http://a.example": "https://",
    "hooks.example.com": "https://",
    "https://": "names a host",
    "https:///path": "names a host",
    "https://a.example:0/": "names a host",
    "https://a.example:99999/": "valid URL",
    "https://[::1": "valid URL",
    "https://user:pass@a.example/": "user name and password",
    "https://user@a.example/": "user name and password",
    "https://8.8.8.8@127.0.0.1/": "user name and password",
    "https://a.example/#part": "#",
    "https://a.example/#": "#",
    "https://a.example/ä": "Percent-encode",
    "https://a.example/a b": "Percent-encode",
    "https://a.example\\@127.0.0.1/": "Percent-encode",
    "https://a.example/\nx": "Percent-encode",
    "https://a..example/": "name of a host",
    "https://127.0.0.1/": "not public",
    "https://[::ffff:169.254.169.254]/": "not public",
    "https://[fe80::1%25eth0]/": "not public",
}


@pytest.mark.parametrize("url", GOOD)
def test_a_good_url_is_taken(url: str) -> None:
    assert checked_url(url, Permitted()) == url.strip()


@pytest.mark.parametrize("url", list(BAD))
def test_a_bad_url_is_refused_with_what_to_do(url: str) -> None:
    with pytest.raises(ValueError, match=r"\.$") as refused:
        checked_url(url, Permitted())
    assert BAD[url] in str(refused.value)


def test_http_is_for_what_the_operator_permits() -> None:
    permitted = Permitted.of(["127.0.0.0/8", "hooks.internal"])
    for url in ("http://127.0.0.1:9/", "http://hooks.internal/", "https://127.0.0.1/"):
        assert checked_url(url, permitted) == url
    # A name can lie in a permitted network: its addresses are looked at before each request.
    assert checked_url("http://some.name/", permitted)
    with pytest.raises(ValueError, match="https"):
        checked_url("http://8.8.8.8/", permitted)
    with pytest.raises(ValueError, match="https"):
        checked_url("http://some.name/", Permitted.of(["hooks.internal"]))


def test_a_list_does_not_show_what_a_query_may_hide() -> None:
    assert recipient_of("https://a.example:1/b?key=secret") == "https://a.example:1/b"
