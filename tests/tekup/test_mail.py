"""Mails by a real SMTP server, and as files where there is none."""

import email
import email.policy
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tekup.errors import SettingError
from tekup.mail import MailNotSent, OutboxMailer, SmtpMailer, mailer_of
from tekup.settings import read_settings

SENDER = "TekUp <no-reply@example.dk>"


class Inbox:
    """Keeps what a server was handed."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        """Take one mail."""
        found = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(found, EmailMessage)
        self.mails.append(found)
        return "250 taken"


@pytest.fixture
def server() -> Iterator[Controller]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    controller = Controller(Inbox(), hostname="127.0.0.1", port=port)
    controller.start()
    yield controller
    controller.stop()


def address_of(server: Controller) -> str:
    return f"127.0.0.1:{server.server.sockets[0].getsockname()[1]}"


def test_a_server_gets_the_mail_whole(server: Controller) -> None:
    SmtpMailer(f"smtp://{address_of(server)}", SENDER).send("anna@example.dk", "Ny adgangskode", "Blåbærgrød\n")
    (mail,) = server.handler.mails
    assert (mail["To"], mail["From"], mail["Subject"]) == ("anna@example.dk", SENDER, "Ny adgangskode")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().strip() == "Blåbærgrød"


def test_a_password_never_goes_out_in_the_clear(server: Controller) -> None:
    mailer = SmtpMailer(f"smtp://me:hush@{address_of(server)}", SENDER)
    with pytest.raises(MailNotSent) as caught:
        mailer.send("anna@example.dk", "x", "x")
    assert "hush" not in str(caught.value)
    assert server.handler.mails == []


def test_a_server_that_is_away_is_told_without_the_password() -> None:
    with pytest.raises(MailNotSent, match=r"127\.0\.0\.1"):
        SmtpMailer("smtp://me:hush@127.0.0.1:9", SENDER).send("anna@example.dk", "x", "x")


def test_no_line_of_an_address_or_subject_makes_a_header(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"newline|linefeed"):
        OutboxMailer(tmp_path, SENDER).send("a@example.dk\nBcc: b@example.dk", "x", "x")


def test_without_a_server_it_is_a_private_file(tmp_path: Path) -> None:
    mailer = mailer_of(read_settings(home=tmp_path))
    mailer.send("anna@example.dk", "Ny adgangskode", "Link\n")
    (path,) = (tmp_path / "outbox").iterdir()
    assert path.suffix == ".eml"
    assert path.stat().st_mode & 0o077 == 0
    assert b"anna@example.dk" in path.read_bytes()


def test_an_address_that_is_none_is_refused() -> None:
    for url in ("mail.example.dk", "http://mail.example.dk", "smtp://"):
        with pytest.raises(SettingError, match="TEKUP_SMTP_URL"):
            SmtpMailer(url, SENDER)
