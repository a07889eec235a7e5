"""The pages' sentences in Danish and English, a file a page. The domain's words live in `dashboards.vocabulary`."""

from dashboards.formats import Language
from dashboards.texts import (
    administration,
    attribution,
    campaigns,
    data_health,
    frame,
    lead_score,
    leads,
    models,
    overview,
    pipeline,
    revenue,
    sign_in,
)
from tekup.language import Words

_FILES = (
    frame,
    sign_in,
    overview,
    leads,
    lead_score,
    pipeline,
    revenue,
    attribution,
    campaigns,
    models,
    data_health,
    administration,
)
TEXTS: Words = {key: pair for file in _FILES for key, pair in file.TEXTS.items()}


def text(key: str, language: Language, **values: object) -> str:
    """The sentence for ``key`` with its values filled in."""
    pair = TEXTS[key]
    return (pair[0] if language is Language.DA else pair[1]).format(**values)
