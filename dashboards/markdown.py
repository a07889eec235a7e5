"""Tenants' words made safe to stand in Markdown, which Streamlit reads in labels, tables and boxes."""

_SIGNS = str.maketrans({letter: f"\\{letter}" for letter in "\\`*_{}[]()<>#+-.!|~$:@^&"})


def plain(value: str | None) -> str:
    """``value`` as one line in which no letter is read as a sign: no markup, image or formula can be smuggled in."""
    return " ".join((value or "").split()).translate(_SIGNS)
