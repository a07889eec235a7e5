"""In which language a request wants its sentences. Words themselves are `tekup.reasons`' and its neighbours'."""

from typing import Annotated, TypeAlias

from fastapi import Depends, Header, Query, Response

from tekup.language import Language

DEFAULT = Language.EN
_SPOKEN = frozenset(Language)


def understand(header: str) -> Language:
    """The language of an Accept-Language header (RFC 9110, 12.5.4) that we speak and it likes best, else English.

    Of equal preferences the first counts. What can't be read is passed over: a header must not fail a request.

    >>> understand("da-DK, da;q=0.9, en;q=0.8")
    <Language.DA: 'da'>
    >>> understand("fr, da;q=0.2, en;q=0.5")
    <Language.EN: 'en'>
    """
    best, most = DEFAULT, 0.0
    for part in header.split(","):
        tag, _, parameter = part.strip().partition(";")
        liking = _quality(parameter.strip())
        spoken = tag.strip().lower().partition("-")[0]
        if spoken == "*":
            spoken = DEFAULT
        if spoken in _SPOKEN and liking > most:
            best, most = Language(spoken), liking
    return best


def _quality(parameter: str) -> float:
    name, _, number = parameter.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        quality = float(number)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0


def _choose(
    response: Response,
    language: Annotated[
        Language | None, Query(description="The language of sentences; without it, Accept-Language decides.")
    ] = None,
    accept_language: Annotated[
        str, Header(description="Danish or English, by preference; English where neither is named.", examples=["da"])
    ] = "",
) -> Language:
    chosen = language or understand(accept_language)
    response.headers["content-language"] = chosen
    response.headers["vary"] = "Accept-Language"
    return chosen


RequestLanguage: TypeAlias = Annotated[Language, Depends(_choose)]
"""The language that the request asks for, which the answer names in Content-Language."""
