"""What all charts share: colours that any colour vision tells apart, and Danish and English axes."""

from collections.abc import Sequence
from typing import Any

import altair as alt

from dashboards.formats import Language

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#7F7F7F", "#B8A100")
"""Okabe and Ito's colours, with a grey for their black (unseen in the dark) and an olive for their yellow (unseen on
white)."""
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
        .configure_legend(orient="bottom", title=None, columns=3, labelLimit=220)
        .configure_axis(labelLimit=180, titleFontWeight="normal")
        .configure_view(strokeWidth=0)
    )
