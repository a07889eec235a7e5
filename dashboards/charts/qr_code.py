"""A picture that a phone's camera reads an address from. What the address opens is the page's to say."""

import io

import segno

QR_WIDTH = 220
"""Pixels on the screen: an authenticator app's address takes about 45 modules, which a camera tells apart at 4 each."""


def draw_qr_code(address: str) -> bytes:
    """A PNG, dark on white with a white border whatever the theme is: cameras look for that.

    Raises:
        segno.DataOverflowError: the address is longer than a code can hold (about 2,300 characters).
    """
    written = io.BytesIO()
    segno.make(address, error="m", micro=False).save(written, kind="png", scale=6, border=4, dark="#000", light="#fff")
    return written.getvalue()
