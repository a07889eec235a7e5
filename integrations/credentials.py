"""A connection's credential: a plain key, or tokens that are renewed. Where it is kept is elsewhere."""

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import TypeAlias

import orjson

from tekup.errors import BadInput

EARLY_SECONDS = 300.0
"""A token is renewed this long before it ends, so that no request meets its end on the way."""


@dataclass(frozen=True, slots=True)
class Credential:
    """``token`` is the key or access token; the other fields are for OAuth (``expires_at`` in seconds since the epoch).

    ``account`` is the connected account that a platform's key acts for (Stripe Connect).
    """

    token: str
    refresh_token: str | None = None
    expires_at: float | None = None
    client_id: str | None = None
    client_secret: str | None = None
    account: str | None = None

    @property
    def renewable(self) -> bool:
        """Whether there is what a renewal takes."""
        return bool(self.refresh_token and self.client_id and self.client_secret)

    def text(self) -> str:
        """The form in which it is stored: the bare key where that is all there is, else JSON."""
        told = {name: value for name, value in asdict(self).items() if value is not None}
        return self.token if set(told) == {"token"} else orjson.dumps(told).decode()


def parse_credential(text: str) -> Credential:
    """Return the credential that ``text`` stands for.

    Raises:
        BadInput: JSON with unknown names, or without a token.
    """
    if not text.lstrip().startswith("{"):
        return Credential(text.strip())
    try:
        found = orjson.loads(text)
        return Credential(**found)
    except (orjson.JSONDecodeError, TypeError) as fault:
        raise BadInput(
            "the credential is no valid JSON object of token, refresh_token, expires_at, client_id, client_secret, "
            "account",
            hint="give the bare key, or these names",
        ) from fault


Exchange: TypeAlias = Callable[[Credential], Credential]
"""Asks the vendor for new tokens by the refresh token."""
Keep: TypeAlias = Callable[[Callable[[Credential], Credential]], Credential]
"""Runs a change of the stored credential alone among all processes, stores what it returns, and returns that."""


class Wallet:
    """The credential of one open source; renews it early, once for all threads and processes, and stores it first."""

    def __init__(self, credential: Credential, exchange: Exchange | None = None, keep: Keep | None = None) -> None:
        self._credential = credential
        self._exchange = exchange
        self._keep = keep or (lambda change: change(self._credential))
        self._lock = threading.Lock()

    @property
    def credential(self) -> Credential:
        """The credential as it is now."""
        return self._credential

    def token(self, now: float) -> str:
        """Return an access token that is good for some minutes yet; ``now`` in seconds since the epoch."""
        ends = self._credential.expires_at
        if ends is not None and ends - now < EARLY_SECONDS:
            self.renew(self._credential.token)
        return self._credential.token

    def renew(self, used: str) -> bool:
        """Replace the token ``used``, unless somebody has done so already; False where nothing can renew it.

        Raises:
            CredentialRefused: the vendor refuses the refresh token.
            VendorError: the vendor can't be asked.
        """
        exchange = self._exchange
        if exchange is None or not self._credential.renewable:
            return False

        def change(stored: Credential) -> Credential:
            return stored if stored.token != used else exchange(stored)

        with self._lock:
            if self._credential.token == used:
                self._credential = self._keep(change)
        return self._credential.token != used


def renewed(credential: Credential, answer: dict[str, object], now: float) -> Credential:
    """Return the credential with the tokens of a vendor's answer; a refresh token that it does not tell stays."""
    return replace(
        credential,
        token=str(answer["access_token"]),
        refresh_token=str(answer.get("refresh_token") or credential.refresh_token),
        expires_at=now + float(str(answer.get("expires_in") or 1800)),
    )
