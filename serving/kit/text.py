"""Types of request fields that the database can store as they are. Nothing here opens a database."""

from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("must not contain the NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("must be valid Unicode, without lone surrogates") from None
    return text


Text: TypeAlias = Annotated[str, Field(max_length=500), AfterValidator(_storable)]
"""A line of text."""
LongText: TypeAlias = Annotated[str, Field(max_length=20_000), AfterValidator(_storable)]
"""A paragraph or more."""
Currency: TypeAlias = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["DKK"])]
"""An ISO 4217 code."""
