"""The signing keys as this process knows them, read anew as they age. How they are made is the directory's affair."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from joserfc.jwk import OKPKey

from tekup.clock import utc_now
from tekup.directory.signing_keys import SigningKey

RELOAD_SECONDS = 20.0
"""Well below the time for which a new key is published before it signs."""
_RELOAD_FOR_UNKNOWN_SECONDS = 1.0


class KeyRing:
    """Every live key by its id, and the one that signs."""

    def __init__(self, read: Callable[[], Sequence[SigningKey]]) -> None:
        self._read = read
        self._turn = asyncio.Lock()
        self._take(read())

    def _take(self, keys: Sequence[SigningKey]) -> None:
        self._keys = {key.kid: (key, OKPKey.import_key(key.jwk)) for key in keys}
        self._read_at = time.monotonic()

    async def keep_fresh(self, kid: str | None = None) -> None:
        """Read the keys again where that was a while ago; sooner for a ``kid`` that is not known here yet."""
        age = time.monotonic() - self._read_at
        if age < (_RELOAD_FOR_UNKNOWN_SECONDS if kid is not None and kid not in self._keys else RELOAD_SECONDS):
            return
        async with self._turn:
            if time.monotonic() - self._read_at >= age:
                self._take(await asyncio.to_thread(self._read))

    def signing(self) -> tuple[str, OKPKey]:
        """The newest key that may sign already."""
        now = utc_now()
        ready = [key for key, _ in self._keys.values() if key.signs_from <= now]
        newest = max(ready, key=lambda key: key.signs_from)
        return newest.kid, self._keys[newest.kid][1]

    def verifying(self, kid: str) -> OKPKey | None:
        """The live key with this id."""
        found = self._keys.get(kid)
        if found is None or (found[0].retires_at is not None and found[0].retires_at <= utc_now()):
            return None
        return found[1]

    def public_set(self, algorithm: str) -> dict[str, Any]:
        """The public halves of all live keys, those to come with them, as a JSON Web Key Set."""
        return {
            "keys": [
                {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": algorithm}
                for kid, (_, key) in self._keys.items()
            ]
        }
