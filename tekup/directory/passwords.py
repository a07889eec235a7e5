"""Passwords: which may be chosen, how they are hashed and checked. Whose they are is not known here."""

import gzip
import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import argon2
from zxcvbn import zxcvbn  # type: ignore[import-untyped]  # it has no types

from tekup.errors import BadInput

MINIMUM_LENGTH = 12
MAXIMUM_LENGTH = 1024
CONTEXT_WORDS = ("tekup", "password", "kodeord", "adgangskode", "velkommen", "welcome")
"""Words that anybody tries first here; the tenant's name and domain and the person's name and e-mail join them."""
_LEAST_BESIDE_CONTEXT = 8
# guesses that a throttled attacker will not finish, as zxcvbn counts them (its score 3)
_LEAST_GUESSES_LOG10 = 8.0
# zxcvbn's time grows with the square of the length, and what is strong so far stays strong
_ESTIMATED_LENGTH = 72

# OWASP's second choice for Argon2id: 19 MiB, two passes; a stored hash of other parameters is renewed at sign-in
_hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_ABSENT_HASH = _hasher.hash("no such user")


def check_new_password(password: str, context: Iterable[str] = (), breached: Path | None = None) -> None:
    """Refuse a password that is short, common, breached or made of what everybody knows about its owner.

    There are no rules on kinds of characters. ``context`` are names and addresses; ``breached`` is a file of
    SHA-1 hashes in order, as Have I Been Pwned hands it out.

    Raises:
        BadInput: it can't be used; the hint says what to do instead. The password is not repeated.
    """
    if len(password) < MINIMUM_LENGTH:
        raise BadInput(f"the password has fewer than {MINIMUM_LENGTH} characters", hint="use a sentence or a generator")
    if len(password) > MAXIMUM_LENGTH:
        raise BadInput(f"the password has more than {MAXIMUM_LENGTH} characters", hint="use a shorter one")
    words = _words((*CONTEXT_WORDS, *context))
    rest = password.casefold()
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word, "")
    if len(rest) < _LEAST_BESIDE_CONTEXT:
        raise BadInput(
            "the password is made of names that belong to you, your company or this product",
            hint="use a sentence or a generator",
        )
    if password.casefold() in _common() or (breached is not None and _is_breached(password, breached)):
        raise BadInput("the password is known from breaches of other sites", hint="use one that is used nowhere else")
    judged = zxcvbn(password[:_ESTIMATED_LENGTH], user_inputs=sorted(words), max_length=_ESTIMATED_LENGTH)
    if judged["guesses_log10"] < _LEAST_GUESSES_LOG10:
        raise BadInput(
            "the password is easily guessed"
            + (f": {judged['feedback']['warning']}" * bool(judged["feedback"]["warning"])),
            hint="use several unrelated words or a generator",
        )


def hash_password(password: str) -> str:
    """The password's Argon2id hash with its salt and parameters."""
    return _hasher.hash(password)


def password_matches(stored: str | None, password: str) -> bool:
    """Whether the password is the one of the stored hash; without a hash it costs the same and is never so."""
    try:
        return _hasher.verify(stored or _ABSENT_HASH, password) and stored is not None
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False


def needs_rehash(stored: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def _words(context: Iterable[str]) -> set[str]:
    """The words of names and addresses, four letters and longer: shorter ones stand in too much by chance."""
    return {part for text in context for part in re.split(r"[\W_]+", text.casefold()) if len(part) >= 4}


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    """The 10,000 commonest passwords of twelve letters and more, of ten million that were breached."""
    packed = files("tekup.directory").joinpath("common_passwords.txt.gz").read_bytes()
    return frozenset(gzip.decompress(packed).decode().splitlines())


def _is_breached(password: str, path: Path) -> bool:
    """Binary search among lines of SHA-1 and count, in order of the hash."""
    wanted = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()
    with path.open("rb") as file:
        low, high = 0, file.seek(0, 2)
        while low < high:
            middle = (low + high) // 2
            file.seek(max(0, middle - 1))
            if middle:
                file.readline()
            start = file.tell()
            line = file.readline()
            if not line or line[:40].upper() >= wanted:
                high = middle
            else:
                low = start + len(line)
        file.seek(low)
        return file.readline()[:40].upper() == wanted
