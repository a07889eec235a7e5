"""Sending mails: by SMTP where a server is set, else as files in the outbox. What a mail says is not known here."""

import os
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from tekup.clock import utc_now
from tekup.errors import SettingError, TekupError
from tekup.ids import uuid7
from tekup.settings import Settings

_TIMEOUT_SECONDS = 15.0
_PORTS = {"smtp": 587, "smtps": 465}


class MailNotSent(TekupError):
    """The mail server could not be reached or refused the mail."""


class Mailer(Protocol):
    """Something that sends a mail, or raises `MailNotSent`."""

    def send(self, to: str, subject: str, text: str) -> None:
        """Send ``text`` to one address."""


def mailer_of(settings: Settings) -> Mailer:
    """The mailer of the settings.

    Raises:
        SettingError: the server's address can't be read.
    """
    if settings.smtp_url is None:
        return OutboxMailer(settings.home_path / "outbox", settings.mail_from)
    return SmtpMailer(settings.smtp_url.get_secret_value(), settings.mail_from)


class OutboxMailer:
    """Writes each mail into a folder that only the product's own user may read."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder, self._sender = folder, sender

    def send(self, to: str, subject: str, text: str) -> None:
        """Write the mail whole or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / f"{utc_now():%Y%m%dT%H%M%S}-{uuid7()}.eml"
        draft = path.with_suffix(".draft")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(bytes(_message(self._sender, to, subject, text)))
        draft.rename(path)


class SmtpMailer:
    """Hands each mail to a server; its certificate is verified, and a password never goes out in the clear."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise SettingError(
                "TEKUP_SMTP_URL is not smtp://host or smtps://host", hint="such as smtp://user:password@host:587"
            )
        self._parts, self._sender = parts, sender

    def send(self, to: str, subject: str, text: str) -> None:
        """Send the mail.

        Raises:
            MailNotSent: the server can't be reached, offers no encryption for a password, or refuses.
        """
        message = _message(self._sender, to, subject, text)
        try:
            with _connect(self._parts) as server:
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise MailNotSent(
                f"the mail server {self._parts.hostname} did not take a mail: {type(error).__name__}",
                hint="check TEKUP_SMTP_URL and TEKUP_MAIL_FROM",
            ) from None


def _connect(parts: SplitResult) -> smtplib.SMTP:
    host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
    context = ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT_SECONDS, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=_TIMEOUT_SECONDS)
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=context)
        elif parts.username:
            server.close()
            raise smtplib.SMTPNotSupportedError("no encryption for the password")
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))
    return server


def _message(sender: str, to: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = formatdate(utc_now().timestamp())
    message["Message-ID"] = make_msgid(domain="tekup.invalid")
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message
