"""A lead's company, title and message without what identifies a person. It sends nothing and stores nothing."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

LONGEST_MESSAGE = 2_000
LONGEST_FIELD = 120
_LONGEST_READ = 5_000
"""Of a longer text only the beginning is looked at, so that a hostile one can't keep the patterns below busy."""

_UNSEEN = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MAIL = re.compile(r"[^\s@<>()\[\],;:\"]{1,64}\s?@\s?[^\s@<>()\[\],;:\"]{1,255}\.[^\W\d_]{2,}")
_SPELLED_MAIL = re.compile(
    r"[\w.+-]{1,64}\s?[(\[{]\s*(?:at|snabel-?a|@)\s*[)\]}]\s*[\w-]+(?:\s*(?:[(\[{]\s*(?:dot|punktum)\s*[)\]}]|\.)\s*[\w-]+)+",
    re.IGNORECASE,
)
_URL = re.compile(
    r"\b(?:https?|ftp)://\S+|\bwww\.\S+|\b[\w-]{1,63}(?:\.[\w-]{1,63}){0,6}\.[a-z]{2,24}[/?]\S*", re.IGNORECASE
)
_SECRET = re.compile(
    r"\b(?:token|api[_-]?key|password|passord|adgangskode|kodeord|secret|pin)[ ]?[=:][ ]?\S+", re.IGNORECASE
)
_HANDLE = re.compile(r"(?<![\w@])@[\w.]{2,}")
_CPR = re.compile(r"(?<![\d])(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d\d[ ]?[-–]?[ ]?\d{4}(?!\d)")
_IBAN = re.compile(r"\b(?:[A-Z]{2}[ ]?|[a-z]{2})\d{2}(?:[ -]?[A-Za-z0-9]{4}){2,7}(?:[ -]?[A-Za-z0-9]{1,4})?\b")
_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")
# a number that somebody could be rung by; an amount of money is kept, since it tells the intent
_PHONE = re.compile(
    r"(?<![\w])(?:\+|00)?\(?\d(?:[ ./()–-]{0,2}\d){6,}(?!\d)"
    r"(?!\d*\s*(?:kr\b|dkk\b|eur\b|euro\b|usd\b|€|\$|,-|mio\b|mia\b))",
    re.IGNORECASE,
)
_STREET = re.compile(
    r"\b[A-ZÆØÅ][\w.]*(?:[ ][A-ZÆØÅ][\w.]*)?(?:vej|gade|allé|alle|stræde|vænget|parken|pladsen|boulevard)[ ]+\d+\w?\b"
    r"(?:[, ]+\d{4}[ ]+[A-ZÆØÅ]\w+(?:[ ][A-ZÆØÅ]\b)?)?"
)
_NAME_WORD = r"[A-ZÆØÅÄÖÜÉ][a-zæøåäöüé'’]+(?:-[A-ZÆØÅÄÖÜÉ][a-zæøåäöüé]+)?"
_GREETED = re.compile(
    rf"\b(?i:hej|kære|hi|hello|dear|goddag|til)[ ]+({_NAME_WORD}(?:[ ]{_NAME_WORD})?)(?=[ ]*[,!.\n]|$)"
)
_SIGNED = re.compile(
    r"\b(?i:(?:med )?venlige? hilsen(?:er)?|mvh\.?|vh\.?|hilsen|de bedste hilsner|(?:best|kind|warm) regards|regards|"
    rf"sincerely|thanks|cheers|tak)[ ]*[,.!]?\s+({_NAME_WORD}(?:[ ]+(?:{_NAME_WORD}|[A-ZÆØÅ]\.)){{0,3}})"
)
_PRESENTED = re.compile(
    rf"\b(?i:mit navn er|jeg hedder|my name is|i am called|kontakt|contact)[ ]+"
    rf"({_NAME_WORD}(?:[ ]+{_NAME_WORD}){{0,3}})"
)
_FOLDED = (("æ", "ae"), ("ø", "oe"), ("å", "aa"))


@dataclass(frozen=True, slots=True)
class LeadText:
    """What is known of one lead: ``known`` are the names, addresses and numbers of the person behind it."""

    company: str | None
    title: str | None
    message: str | None
    names: tuple[str | None, ...] = ()
    known: tuple[str | None, ...] = ()


def minimised(lead: LeadText) -> str | None:
    """What may leave: company and title, the message with placeholders; None where there is nothing to read.

    A company alone says nothing of the person's wish, so it is not asked about.
    """
    names = [_plain(name) for name in lead.names if name and name.strip()]
    parts = _name_parts(names)
    known = [_plain(value) for value in lead.known if value and len(value.strip()) >= 4]
    message = _without_people(_without_known(_plain(lead.message), known), parts)
    title = _shortened(_without_full_names(_without_known(_plain(lead.title), known), names), LONGEST_FIELD)
    company = _shortened(_without_full_names(_without_known(_plain(lead.company), known), names), LONGEST_FIELD)
    message = _shortened(message, LONGEST_MESSAGE)
    if not title and not message:
        return None
    told = (("Title", title), ("Company", company), ("Message", message))
    return "\n".join(f"{label}: {text}" for label, text in told if text)


def _plain(text: str | None) -> str:
    """One spelling of the text, so that full-width digits and invisible characters hide nothing."""
    found = _UNSEEN.sub("", unicodedata.normalize("NFKC", (text or "")[: 2 * _LONGEST_READ]))
    if len(found) > _LONGEST_READ:
        found = re.sub(r"\s\S*$", "", found[:_LONGEST_READ])  # no half an address at the end
    return _CONTROL.sub(" ", found).replace("\t", " ").strip()


def _without_known(text: str, known: list[str]) -> str:
    """The text without the person's own addresses and numbers, however they are spaced, nor anything of their shape."""
    for value in known:
        digits = [character for character in value if character.isdigit()]
        if "@" in value:
            text = re.sub(re.escape(value), "[email]", text, flags=re.IGNORECASE)
        elif len(digits) >= 6:
            last = digits[-8:]  # with or without the country's prefix
            text = re.sub(r"(?:(?:\+|00)\d{1,3}[ .-]?)?" + r"[ ./()–-]{0,2}".join(last), "[phone]", text)
    for pattern, word in (
        (_SPELLED_MAIL, "[email]"),
        (_MAIL, "[email]"),
        (_URL, "[url]"),
        (_SECRET, "[secret]"),
        (_HANDLE, "[handle]"),
        (_IBAN, "[account]"),
        (_CPR, "[cpr]"),
        (_CARD, "[card]"),
        (_PHONE, "[phone]"),
        (_STREET, "[address]"),
    ):
        text = pattern.sub(word, text)
    return text


def _name_parts(names: list[str]) -> list[str]:
    """Each part of the person's names, longest first, in Danish and in plain letters."""
    parts = {part for name in names for part in re.split(r"[\s,]+", name) if len(part.strip(".'")) >= 2}
    parts |= {piece for part in parts for piece in part.split("-") if len(piece) >= 2}
    return sorted(parts | set(_folded(parts)), key=len, reverse=True)


def _folded(parts: Iterable[str]) -> list[str]:
    found = []
    for part in parts:
        plain = part.lower()
        for letter, pair in _FOLDED:
            plain = plain.replace(letter, pair)
        stripped = "".join(c for c in unicodedata.normalize("NFD", part) if not unicodedata.combining(c))
        found += [plain, stripped]
    return found


def _without_people(text: str, parts: list[str]) -> str:
    for pattern in (_SIGNED, _PRESENTED, _GREETED):
        text = pattern.sub(lambda hit: hit.group(0).replace(hit.group(1), "[name]"), text)
    for part in parts:
        text = re.sub(rf"(?<!\w){re.escape(part)}(?:['’]?s)?(?!\w)", "[name]", text, flags=re.IGNORECASE)
    return re.sub(r"\[name\](?:[ ]+(?:[A-ZÆØÅ]\.[ ]+)?\[name\])+", "[name]", text)


def _without_full_names(text: str, names: list[str]) -> str:
    """A company's or title's words stay even where one is also somebody's name; the whole name does not."""
    for name in names:
        words = name.split()
        if len(words) > 1:
            pattern = r"(?<!\w)" + re.escape(words[0]) + r"(?:[ ]+[\w.'’-]+){0,3}?[ ]+" + re.escape(words[-1])
            text = re.sub(pattern + r"(?:['’]?s)?(?!\w)", "[name]", text, flags=re.IGNORECASE)
    return text


def _shortened(text: str, longest: int) -> str:
    text = re.sub(r"[ ]+", " ", re.sub(r"\s*\n\s*", "\n", text)).strip()
    if len(text) <= longest:
        return text
    cut = text[:longest]
    return (cut.rsplit(None, 1)[0] if " " in cut else cut) + " …"
