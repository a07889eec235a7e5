"""Reading what somebody looks for. Nothing here opens a database."""

import html
import re

START, STOP = "\ue000", "\ue001"
"""Stand around found words on their way from the database; no text of ours has them."""
_WORD = re.compile(r"[^\W_]+")
_MOST_WORDS = 10


def prefix_query(asked: str) -> str:
    """Each word, and what begins with it, as a text-search query. The parts of an address are words.

    Empty where somebody asks for more than words: a phrase, one thing without another, or either of two.

    >>> prefix_query("ida bage")
    "'ida':* & 'bage':*"
    >>> prefix_query('"ida bager"')
    ''
    """
    if '"' in asked or re.search(r"(^|\s)-\w|\bor\b", asked, re.IGNORECASE):
        return ""
    return " & ".join(f"'{word}':*" for word in _WORD.findall(asked.lower())[:_MOST_WORDS])


def as_html(marked: str | None) -> str | None:
    """The text with the found words marked, and nothing else in it that a page would take for markup."""
    if marked is None or START not in marked:
        return None
    return html.escape(marked).replace(START, "<mark>").replace(STOP, "</mark>")
