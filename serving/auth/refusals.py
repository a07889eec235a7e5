"""Problems that signing in can end in: each says the same whatever exactly was wrong."""

import math

from serving.kit.problems import Problem

_BEARER = {"www-authenticate": "Bearer"}


def sign_in_refused() -> Problem:
    """One answer for a wrong password, an unknown e-mail, a user who is shut and a tenant that is."""
    return Problem(401, "sign-in-refused", "the e-mail or the password is wrong", headers=_BEARER)


def passkey_refused() -> Problem:
    """One answer for whatever is wrong with a passkey."""
    return Problem(401, "passkey-refused", "the passkey is unknown, or was not used rightly", headers=_BEARER)


def step_over() -> Problem:
    """A step of a sign-in that is unknown, used, too old or tried too often."""
    return Problem(401, "sign-in-over", "this sign-in is over", hint="begin again with your password", headers=_BEARER)


def wrong_factor() -> Problem:
    """A wrong or spent code, or a passkey that is not the user's."""
    return Problem(
        401, "factor-refused", "the code is wrong, or was used before", hint="wait for the next code", headers=_BEARER
    )


def refresh_refused() -> Problem:
    """A refresh token that is unknown, used, expired, or of a session that has ended."""
    return Problem(
        401,
        "refresh-refused",
        "the refresh token is unknown, used or expired",
        hint="sign in again",
        headers={"www-authenticate": 'Bearer error="invalid_token"'},
    )


def client_refused() -> Problem:
    """A client that is unknown, revoked, or has another secret."""
    return Problem(401, "client-refused", "the client is unknown or its secret is wrong", headers=_BEARER)


def too_many(wait: float) -> Problem:
    """Too many failures."""
    seconds = str(math.ceil(wait))
    return Problem(
        429,
        "too-many-attempts",
        "too many failed sign-ins",
        hint=f"try again in {seconds} seconds",
        headers={"retry-after": seconds},
    )
