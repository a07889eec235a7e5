"""What all charts share: colours that any colour vision tells apart, and Danish and English axes."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from dashboards.formats import Language

PALETTE = ("#0072B2", "#B5482A", "#1E9E98", "#B28702", "#8B9576", "#B84FE0", "#6B6B6B", "#C8813F")
"""Each stands out from the light and the dark page alike (3 to 1, WCAG 1.4.11), and any two differ for people with
normal vision, deuteranopia and protanopia; the tests hold the palette to it."""
TEXT = "currentColor"
"""The page's own colour of text, light or dark, for words and lines in a chart; charts are drawn as SVG."""
PRIMARY = PALETTE[0]
SECONDARY = PALETTE[1]
HEIGHT = 300

_NUMBERS: dict[Language, dict[str, Any]] = {
    Language.DA: {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", " kr."]},
    Language.EN: {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["DKK ", ""]},
}
_TIMES: dict[Language, dict[str, Any]] = {
    Language.DA: {
        "dateTime": "%A den %d. %B %Y %X", "date": "%d.%m.%Y", "time": "%H.%M.%S", "periods": ["AM", "PM"],
        "days": ["søndag", "mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag"],
        "shortDays": ["søn.", "man.", "tir.", "ons.", "tor.", "fre.", "lør."],
        "months": ["januar", "februar", "marts", "april", "maj", "juni", "juli", "august", "september", "oktober",
                   "november", "december"],
        "shortMonths": ["jan.", "feb.", "mar.", "apr.", "maj", "jun.", "jul.", "aug.", "sep.", "okt.", "nov.", "dec."],
    },
    Language.EN: {
        "dateTime": "%a %e %b %Y %X", "date": "%d/%m/%Y", "time": "%H:%M:%S", "periods": ["AM", "PM"],
        "days": ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"],
        "shortDays": ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"],
        "months": ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
                   "November", "December"],
        "shortMonths": ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    },
}  # fmt: skip


def finish(chart: alt.Chart, language: Language, height: int = HEIGHT) -> alt.Chart:
    """The chart with the house's height, legend place and the language's axes."""
    finished: alt.Chart = _dress(chart, language, height)
    return finished


def finish_layers(charts: Sequence[alt.Chart], language: Language, height: int = HEIGHT) -> alt.LayerChart:
    """The same for charts drawn over each other, the first at the bottom."""
    finished: alt.LayerChart = _dress(alt.layer(*charts), language, height)
    return finished


def _dress(chart: Any, language: Language, height: int) -> Any:
    return (
        chart.properties(height=height)
        .configure(locale={"number": _NUMBERS[language], "time": _TIMES[language]})
        .configure_legend(orient="bottom", title=None, columns=3, labelLimit=220, labelColor=TEXT)
        .configure_axis(labelLimit=180, titleFontWeight="normal", labelColor=TEXT, titleColor=TEXT)
        .configure_view(strokeWidth=0)
    )
