"""Mails about a person's account: links to follow, and word of what changed. Danish first, then English."""

import asyncio

import structlog

from tekup.errors import TekupError
from tekup.mail import Mailer

_log = structlog.get_logger("serving.mail")

_TEXTS: dict[str, tuple[str, str, str]] = {
    "invitation": (
        "Invitation til {tenant} / Invitation to {tenant}",
        "Du er inviteret til {tenant} på TekUp. Vælg en adgangskode her inden for tre dage:",
        "You are invited to {tenant} on TekUp. Choose a password here within three days:",
    ),
    "password_reset": (
        "Ny adgangskode / New password",
        "Nogen har bedt om en ny adgangskode til din konto hos {tenant}. Vælg den her inden for 30 minutter, eller "
        "se bort fra denne mail:",
        "Somebody asked for a new password for your account at {tenant}. Choose it here within 30 minutes, or ignore "
        "this mail:",
    ),
    "new_place": (
        "Nyt log ind / New sign-in",
        "Der er logget ind på din konto hos {tenant} fra et nyt sted ({place}). Var det ikke dig, så skift din "
        "adgangskode og afslut dine sessioner.",
        "Somebody signed in to your account at {tenant} from a new place ({place}). If that was not you, change your "
        "password and end your sessions.",
    ),
    "password_changed": (
        "Adgangskode ændret / Password changed",
        "Adgangskoden til din konto hos {tenant} er ændret. Var det ikke dig, så bed din administrator om hjælp.",
        "The password of your account at {tenant} was changed. If that was not you, ask your administrator for help.",
    ),
    "factors_changed": (
        "Log ind-metoder ændret / Sign-in methods changed",
        "Log ind-metoderne til din konto hos {tenant} er ændret: {what}. Var det ikke dig, så bed din administrator "
        "om hjælp.",
        "The sign-in methods of your account at {tenant} were changed: {what}. If that was not you, ask your "
        "administrator for help.",
    ),
    "wrong_factor": (
        "Forkert kode / Wrong code",
        "Nogen kendte din adgangskode hos {tenant}, men ikke den anden faktor. Var det ikke dig, så skift din "
        "adgangskode.",
        "Somebody knew your password at {tenant} but not the second factor. If that was not you, change your password.",
    ),
}


class Notices:
    """Sends mails beside the request: whether one goes out is not to be seen in an answer or its time."""

    def __init__(self, mailer: Mailer) -> None:
        self._mailer = mailer
        self._under_way: set[asyncio.Task[None]] = set()

    def send(self, kind: str, to: str, *, link: str | None = None, **words: str) -> None:
        """Send one kind of mail; a link stands on a line of its own."""
        subject, danish, english = (text.format(**words) for text in _TEXTS[kind])
        parts = [danish, *([link] if link else []), english, *([link] if link else [])]
        task = asyncio.create_task(self._deliver(to, " ".join(subject.split()), "\n\n".join(parts) + "\n"))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def close(self) -> None:
        """Wait for what is under way."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _deliver(self, to: str, subject: str, text: str) -> None:
        try:
            await asyncio.to_thread(self._mailer.send, to, subject, text)
        except TekupError as error:
            _log.error("mail not sent", reason=error.what)
