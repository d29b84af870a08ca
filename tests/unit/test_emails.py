import pytest

from bursar.emails import checked


@pytest.mark.parametrize(
    "address",
    [
        "o'brien+tag@example.org",
        "=1+1@example.org",
        "josé@exämple.org",
        "a.b-c_d@sub-domain.example.co",
        "ana@xn--exmple-cua.org",
        "root@localhost",
        "a@[192.0.2.1]",
    ],
)
def test_is_an_address(address: str) -> None:
    assert checked(f"\t {address}\n") == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ana",
        "@example.org",
        "ana@",
        "ana@example",
        "ana@@example.org",
        "ana b@example.org",
        # Each of these names somebody else, or nobody, in the header of a mail.
        "ana,bob@example.org",
        "ana;bob@example.org",
        "<ana@example.org>",
        "(ana)bob@example.org",
        "group:bob@example.org",
        '"ana"@example.org',
        "ana\\@example.org",
        "ana..bob@example.org",
        ".ana@example.org",
        "ana.@example.org",
        "ana@example..org",
        "ana@-example.org",
        "ana@example-.org",
        "ana@example.org,",
        "ana@exam%70le.org",
        "ana\x00@example.org",
        f"ana@{'e' * 250}.org",
    ],
)
def test_is_no_address(address: str) -> None:
    with pytest.raises(ValueError, match="Enter a valid email address"):
        checked(address)
