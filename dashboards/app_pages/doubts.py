"""A warning above figures that fail a check. What was found is shown on the page of data health."""

import polars as pl
import streamlit as st

from dashboards import cache, session
from dashboards.texts import text


def warn_of_doubts() -> None:
    """Say so where a check of this tenant's data fails as an error; where a check holds the models, say that too."""
    signed_in, language = session.require(), session.language()
    failing = cache.checks(signed_in.tenant_id).filter(~pl.col("is_passed") & (pl.col("severity") == "error"))
    if failing.is_empty():
        return
    key = "figures_held" if failing["is_blocking"].any() else "figures_in_doubt"
    st.warning(text(key, language, count=failing.height), icon=":material/warning:")
