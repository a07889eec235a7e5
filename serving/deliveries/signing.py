"""Signatures by the Standard Webhooks specification (symmetric, v1). Sending is not done here."""

import base64
import hmac
import os

PREFIX = "whsec_"
_BYTES = 32


def make_secret() -> str:
    """A new signing secret."""
    return PREFIX + base64.b64encode(os.urandom(_BYTES)).decode()


def sign(secrets: list[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The webhook-signature header: one signature a secret, so that a receiver may change his at leisure.

    >>> message, secret = "msg_p5jXN8AQM9LWM0D4loKWxJek", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    >>> sign([secret], message, 1614265330, b'{"test": 2432232314}')
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    content = f"{message_id}.{timestamp}.".encode() + body
    signatures = [hmac.digest(base64.b64decode(secret.removeprefix(PREFIX)), content, "sha256") for secret in secrets]
    return " ".join(f"v1,{base64.b64encode(signature).decode()}" for signature in signatures)
