"""What works but is unsafe is told, and nothing else is."""

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bursar.cli.telling import tell_open_address
from bursar.settings import Settings
from bursar.unsafe_settings import NO_PROXIES, given_names, is_loopback, unsafe_settings

SAFE: dict[str, Any] = {
    "public_url": "https://api.example.org",
    "lms_public_url": "https://learn.example.org",
    "trusted_proxies": "10.0.0.0/8,192.0.2.7,fd00::/16",
    "cors_origins": "https://portal.example.org",
    "secret_key": "cZ8Wq0m7l0y1J3n5b6V4x2C9k8A7s6D5",
    "smtp_url": "smtps://bursar:password@mail.example.org",
    "mail_from": "Acme <learning@acme.example>",
    "lms_url": "https://learn.example.org",
    "lms_client_id": "bursar",
    "lms_client_secret": "secret",
}
UNSAFE: list[tuple[dict[str, Any], str]] = [
    ({"public_url": "api.example.org"}, "http:// or https://"),
    ({"public_url": "ftp://api.example.org"}, "http:// or https://"),
    ({"public_url": "https:///path"}, "http:// or https://"),
    ({"public_url": "http://api.example.org"}, "without encryption"),
    ({"lms_public_url": "learn.example.org"}, "http:// or https://"),
    ({"lms_url": "http://learn.example.org"}, "sent without encryption"),
    ({"trusted_proxies": "0.0.0.0/0"}, "nearly every address"),
    ({"trusted_proxies": "10.0.0.1,::/0"}, "nearly every address"),
    ({"trusted_proxies": "128.0.0.0/1"}, "nearly every address"),
    ({"cors_origins": "https://portal.example.org,*"}, "Every web page"),
    ({"secret_key": "s" * 32}, "easy to guess"),
    ({"allow_weak_secrets": True}, "may be short"),
    ({"embedded_lms": True}, "for every learner"),
    ({"smtp_allow_unencrypted_login": True}, "without encryption"),
    ({"mail_from": "Bursar <no-reply@localhost>"}, "localhost"),
]


@pytest.mark.parametrize("given", [{}, SAFE, {"public_url": "http://127.0.0.1:8000"}])
def test_nothing_is_told_of_what_is_safe(given: dict[str, Any]) -> None:
    assert unsafe_settings(Settings(**given), []) == []


@pytest.mark.parametrize(("given", "problem"), UNSAFE)
def test_each_unsafe_setting_is_named(given: dict[str, Any], problem: str) -> None:
    (found,) = unsafe_settings(Settings(**(SAFE | given)), [])
    assert found.name == f"BURSAR_{next(iter(given)).upper()}"
    assert problem in found.problem
    assert str(next(iter(given.values()))) not in found.problem


@pytest.mark.parametrize(
    ("given", "is_told"),
    [
        ({"public_url": "https://api.example.org"}, True),
        ({"public_url": "https://api.example.org", "trusted_proxies": "127.0.0.1"}, False),
        ({"public_url": "https://localhost"}, False),
        ({}, False),
    ],
)
def test_a_server_for_others_has_to_know_its_proxies(given: dict[str, Any], is_told: bool) -> None:
    assert unsafe_settings(Settings(**given), []) == [NO_PROXIES] * is_told


@pytest.mark.parametrize(
    ("given", "ip", "times"),
    [
        ({}, "0.0.0.0", 1),
        ({}, "192.0.2.1", 1),
        ({}, "::", 1),
        ({}, "127.0.0.1", 0),
        ({"trusted_proxies": "10.0.0.1"}, "0.0.0.0", 0),
        # It was told already, because of the URL.
        ({"public_url": "https://api.example.org"}, "0.0.0.0", 0),
    ],
)
def test_an_address_of_others_is_told_once(given: dict[str, Any], ip: str, times: int) -> None:
    with capture_logs() as lines:
        tell_open_address(Settings(**given), ip)
    assert [line["setting"] for line in lines] == [NO_PROXIES.name] * times


def test_a_setting_that_does_not_exist_is_named_with_the_nearest_one() -> None:
    given = ["BURSAR_SMTP_URL", "BURSAR_SMPT_URL", "BURSAR_XYZZY"]
    assert [str(found) for found in unsafe_settings(Settings(), given)] == [
        "BURSAR_SMPT_URL: There is no such setting. Did you mean BURSAR_SMTP_URL?",
        "BURSAR_XYZZY: There is no such setting.",
    ]


def test_settings_are_given_by_variables_and_by_the_file(tmp_path: Path) -> None:
    file = tmp_path / "bursar.toml"
    assert given_names({"BURSAR_A": "1", "bursar_b": "2", "_BURSAR_C": "3", "PATH": ""}, file) == [
        "BURSAR_A",
        "BURSAR_B",
    ]
    file.write_text("token_tll = 900\n")
    assert given_names({}, file) == ["BURSAR_TOKEN_TLL"]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("bursar.localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.7", False),
        ("localhost.example.org", False),
    ],
)
def test_what_only_this_machine_reaches(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected
