import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bursar.settings import Settings
from bursar.smtp_url import Sender, SmtpServer, parse_sender, parse_smtp_url


def server(**fields: object) -> SmtpServer:
    plain: dict[str, object] = {
        "host": "mail.example.org",
        "port": 25,
        "tls": False,
        "starttls_required": False,
        "username": None,
        "password": None,
    }
    return SmtpServer(**(plain | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("smtp://mail.example.org", server()),
        ("smtp://mail.example.org/", server()),
        ("smtps://mail.example.org", server(port=465, tls=True)),
        ("smtp://mail.example.org:587?starttls=required", server(port=587, starttls_required=True)),
        ("smtp://[::1]:2525", server(host="::1", port=2525)),
        (
            "smtps://u%40x:p%40s%2Fs%3A@mail.example.org:1",
            server(port=1, tls=True, username="u@x", password="p@s/s:"),
        ),
    ],
)
def test_a_url_names_a_server(url: str, wanted: SmtpServer) -> None:
    assert parse_smtp_url(url) == wanted


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org", "http://mail.example.org", "smtp://", "smtp://:25", "smtp://x:0",
        "smtp://x:70000", "smtp://x:secret", "smtp://[secret", "smtp://secret:pa/ss@x:25",
        "smtp://secret:pa#ss@x:25", "smtp://secret@x", "smtp://:secret@x", "smtp://secret:@x",
        "smtp://x/secret", "smtp://x#secret", "smtp://x?starttls=secret", "smtp://x?secret=1",
        "smtps://x?starttls=required", "smtp://us%C3%A9r:secret@x", "smtp://user:secret%0A@x",
        "smtp://sec ret", "smtp://user:secret@x y",
    ],
)  # fmt: skip
def test_a_bad_url_is_refused_unquoted(url: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(smtp_url=url)
    assert "secret" not in str(refused.value)
    assert "smtp_url" in str(refused.value)


def test_a_password_is_not_shown() -> None:
    assert "secret" not in repr(parse_smtp_url("smtp://user:secret@x"))


@given(st.text())
def test_any_text_is_a_url_or_refused(text: str) -> None:
    for url in (text, f"smtp://{text}", f"smtp://{text}@x"):
        try:
            parsed = parse_smtp_url(url)
        except ValueError:
            continue
        assert parsed.host
        assert 0 < parsed.port < 65536


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Bursar <no-reply@localhost>", Sender("Bursar", "no-reply@localhost")),
        ('"Acme, Inc." <a@acme.example>', Sender("Acme, Inc.", "a@acme.example")),
        ("a@acme.example", Sender("", "a@acme.example")),
    ],
)
def test_a_sender_is_an_address_with_or_without_a_name(text: str, wanted: Sender) -> None:
    assert parse_sender(text) == wanted
    assert Settings(mail_from=text).mail_from == text


@pytest.mark.parametrize(
    "text", ["", "Bursar", "Bursar <>", "a,b@x.org", "A <a@x.org>, B <b@x.org>", "A\nB <a@x.org>"]
)
def test_what_is_no_sender_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match=re.compile("mail_from", re.MULTILINE)):
        Settings(mail_from=text)
