"""The ranked list of leads with filters and export, and the way to one lead's story."""

import polars as pl
import streamlit as st

from dashboards import cache, session
from dashboards.app_pages.lead_detail import close_lead, open_lead, show_lead, wanted_lead
from dashboards.app_pages.lead_score import draw_marks, say_marks, say_next_action, say_span
from dashboards.components import offer_files
from dashboards.export import say_leads
from dashboards.faults import show_empty
from dashboards.formats import MISSING, Language, format_age, format_money, format_number, format_rate
from dashboards.markdown import plain
from dashboards.queries.fct_lead import EXPORT_LIMIT, LeadFilter, Order
from dashboards.reasons import read_reasons
from dashboards.session import SignedIn
from dashboards.texts import text
from dashboards.vocabulary import CHANNELS, STATUSES, say
from tekup.clock import utc_now

GRADES = ("A", "B", "C", "D", "E")
OPEN_STATUSES = ("new", "contacted", "qualified")
_ORDERS: dict[Order, str] = {"probability": "rank_probability", "expected_value": "rank_expected_value"}
_CARDS = 3
_REASONS_IN_LIST = 2


def show() -> None:
    """The list, or the lead that the address names."""
    signed_in, language = session.require(), session.language()
    lead_id = wanted_lead()
    if lead_id is not None:
        st.button(text("all_leads", language), icon=":material/arrow_back:", on_click=close_lead, key="all_leads")
        show_lead(signed_in.tenant_id, lead_id, language)
        return
    st.title(text("leads_title", language), anchor=False)
    wanted = _ask_filter(signed_in, language)
    leads = cache.ranked_leads(signed_in.tenant_id, wanted)
    if leads.is_empty():
        show_empty("empty_leads" if wanted in (LeadFilter(), LeadFilter(OPEN_STATUSES)) else "empty_filter")
        return
    if not wanted.search:
        _draw_cards(leads, language)
    total = cache.lead_count(signed_in.tenant_id, wanted)
    st.caption(
        text(
            "leads_caption",
            language,
            order=text(_ORDERS[wanted.order], language).lower(),
            shown=format_number(leads.height, language),
            total=format_number(total, language),
        )
        + f" {text('select_hint', language)} {text('reasons_help', language)}"
    )
    _draw_list(leads, language)
    offer_files(
        "leads",
        cache.as_this_reader(
            lambda: say_leads(cache.ranked_leads(signed_in.tenant_id, wanted, EXPORT_LIMIT), language)
        ),
        language,
    )


def _ask_filter(signed_in: SignedIn, language: Language) -> LeadFilter:
    search_place, status_place, grade_place, source_place = st.columns([2, 2.6, 1.2, 1.8])
    search = search_place.text_input(
        text("search", language),
        key="lead_search",
        placeholder=text("search_hint", language),
        icon=":material/search:",
        persist_state="session",
    )
    statuses = status_place.multiselect(
        text("status", language),
        list(STATUSES),
        default=list(OPEN_STATUSES),
        format_func=lambda status: say(STATUSES, status, language),
        placeholder=text("all_values", language),
        key="lead_statuses",
        persist_state="session",
    )
    grades = grade_place.multiselect(
        text("grade", language),
        GRADES,
        help=text("grade_help", language),
        placeholder=text("all_values", language),
        key="lead_grades",
        persist_state="session",
    )
    sources = source_place.multiselect(
        text("source", language),
        cache.lead_sources(signed_in.tenant_id),
        format_func=lambda source: say(CHANNELS, source, language),
        placeholder=text("all_values", language),
        key="lead_sources",
        persist_state="session",
    )
    order = st.segmented_control(
        text("rank_by", language),
        list(_ORDERS),
        default="probability",
        required=True,
        format_func=lambda name: text(_ORDERS[name], language),
        key="lead_order",
    )
    return LeadFilter(tuple(statuses), tuple(grades), tuple(sources), search or "", order)


def _draw_cards(leads: pl.DataFrame, language: Language) -> None:
    is_sure = pl.col("has_enough_data").fill_null(True)
    best = leads.filter(pl.col("probability").is_not_null() & is_sure & pl.col("status").is_in(OPEN_STATUSES)).head(
        _CARDS
    )
    if best.is_empty():
        return
    st.subheader(text("call_first", language), anchor=False)
    now = utc_now()
    for place, lead in zip(st.columns(_CARDS), best.iter_rows(named=True), strict=False):
        with place.container(border=True, height="stretch"):
            name = lead["full_name"] or lead["email"] or text("nameless", language)
            st.markdown(f"**{plain(name)}**")
            details = [part for part in (lead["job_title"], lead["company_name"]) if part]
            age = text("ago", language, age=format_age(now - lead["created_at"], language))
            st.caption(" · ".join([*(plain(part) for part in details), age]))
            st.progress(
                lead["probability"],
                text=f"{text('grade', language)} **{lead['grade']}** · {format_rate(lead['probability'], language)}",
            )
            draw_marks(lead, language)
            st.markdown(f":material/arrow_forward: **{say_next_action(lead, language)}**")
            for reason in read_reasons(lead["reasons"], language):
                st.markdown(f"{reason.sign} {plain(reason.words)}")
            st.button(
                text("open_lead", language),
                key=f"open_{lead['lead_id']}",
                on_click=open_lead,
                args=(lead["lead_id"],),
                width="stretch",
            )


def _draw_list(leads: pl.DataFrame, language: Language) -> None:
    now = utc_now()
    rows = pl.DataFrame(
        {
            "grade": leads["grade"].fill_null(MISSING),
            # a number that is too unsure to rank by is not shown: the caveat is
            "probability": leads.select(
                pl.when(pl.col("has_enough_data").fill_null(True)).then(pl.col("probability") * 100)
            ).to_series(),
            "name": leads["full_name"].fill_null(leads["email"]).fill_null(text("nameless", language)),
            "company": leads["company_name"].fill_null(""),
            "action": [say_next_action(lead, language) for lead in leads.iter_rows(named=True)],
            "reasons": [_say_reasons(reasons, language) for reasons in leads["reasons"].to_list()],
            "span": [
                say_span(low, high, language)
                for low, high in zip(leads["probability_low"], leads["probability_high"], strict=True)
            ],
            "expected": [
                format_money(cents, currency, language)
                for cents, currency in zip(leads["expected_value_cents"], leads["score_currency"], strict=True)
            ],
            "marks": [say_marks(lead, language) for lead in leads.iter_rows(named=True)],
            "source": [say(CHANNELS, source, language) for source in leads["source"].to_list()],
            "status": [say(STATUSES, status, language) for status in leads["status"].to_list()],
            "age": [(now - created_at).total_seconds() / 86_400 for created_at in leads["created_at"].to_list()],
        }
    )
    event = st.dataframe(
        rows,
        hide_index=True,
        height=520,
        column_config={
            "grade": st.column_config.TextColumn(
                text("grade", language), width=70, help=text("grade_help", language), pinned=True
            ),
            "probability": st.column_config.ProgressColumn(
                text("probability", language),
                min_value=0.0,
                max_value=100.0,
                format="%.0f %%",
                width=120,
                help=text("probability_help", language),
            ),
            "name": st.column_config.TextColumn(text("name", language), width=140),
            "company": st.column_config.TextColumn(text("company", language), width=140),
            "span": st.column_config.TextColumn(
                text("probability_span_label", language), width=120, help=text("probability_span_help", language)
            ),
            "expected": st.column_config.TextColumn(
                text("expected_value", language), width=120, help=text("expected_value_help", language)
            ),
            "action": st.column_config.TextColumn(
                text("next_action", language), width=160, help=text("next_action_help", language)
            ),
            "marks": st.column_config.TextColumn(
                text("score_marks", language), width=130, help=text("score_marks_help", language)
            ),
            "reasons": st.column_config.TextColumn(text("reasons", language), width=330),
            "source": st.column_config.TextColumn(text("source", language), width=110),
            "status": st.column_config.TextColumn(text("status", language), width=100),
            "age": st.column_config.NumberColumn(text("age_days", language), format="%.0f", width=70),
        },
        on_select="rerun",
        selection_mode="single-row",
        key="lead_table",
        alt=text("leads_title", language),
    )
    selected = event["selection"]["rows"]
    if selected:
        open_lead(leads["lead_id"][selected[0]])
        st.rerun()


def _say_reasons(reasons: str | None, language: Language) -> str:
    said = read_reasons(reasons, language)[:_REASONS_IN_LIST]
    return " · ".join(f"{reason.sign} {reason.words}" for reason in said) or text("no_reasons", language)


if __name__ == "__main__":
    show()
