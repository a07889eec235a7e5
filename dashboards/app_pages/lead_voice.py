"""What a person may ask and say of a lead's score: what would change it, and whether it is right. Both by the API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import streamlit as st

from dashboards import session
from dashboards.api import ApiRefused, ask
from dashboards.api_client import ApiUnavailable
from dashboards.faults import show_empty, show_refusal
from dashboards.formats import Language, format_rate, format_signed, format_time
from dashboards.markdown import plain
from dashboards.texts import text
from dashboards.vocabulary import CHANNELS, FEEDBACK, say
from tekup.reasons import name_feature

NUMBERS: Mapping[str, int] = {"employee_count": 1_000, "touch_count_30d": 50, "days_since_last_touch": 90}
"""Figures that can be tried, each with the end of its slider (which goes on to what the lead has)."""
TRUTHS_TRIED = ("has_demo_words", "has_price_words", "has_buying_words", "has_executive_title")
VERDICTS = tuple(FEEDBACK)
_ANSWERS = "feedback_read_{}"


@st.fragment
def show_what_if(lead_id: UUID, language: Language) -> None:
    """Sliders over the lead's own inputs, and what the model says of the lead as it would then be."""
    st.subheader(text("what_if_title", language), anchor=False)
    if "scores:write" not in session.require().scopes:
        st.caption(text("feedback_not_yours", language))
        return
    if not st.toggle(text("what_if_open", language), key=f"what_if_{lead_id}"):
        return
    try:
        scores = ask("GET", f"/v1/leads/{lead_id}/score/explanation").body["scores"]
        features = next((score["features"] for score in scores if score["features"]), None)
        if features is None:
            show_empty("what_if_none")
            return
        changed = _ask_features(lead_id, features, language)
        before, after = _score(features), _score(features | changed)
    except (ApiRefused, ApiUnavailable) as error:
        _tell(error, language)
        return
    left, right = st.columns(2)
    left.metric(text("what_if_before", language), format_rate(before["probability"], language, 1), border=True)
    points = (after["probability"] - before["probability"]) * 100
    right.metric(
        text("what_if_after", language),
        f"{format_rate(after['probability'], language, 1)} · {after['grade']}",
        delta=f"{format_signed(points, language, 1)} {text('points', language)}" if changed else None,
        border=True,
    )
    st.caption(text("what_if_caption", language))


def _ask_features(lead_id: UUID, features: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """What the person chose otherwise than it is."""
    chosen: dict[str, Any] = {}
    with st.container(horizontal=True):
        for name, most in NUMBERS.items():
            if name in features:
                now = features[name] or 0
                label = name_feature(name, language)
                with st.container(width=260):
                    told = st.slider(label, 0, max(most, round(now)), round(now), key=f"try_{name}_{lead_id}")
                if told != round(now):
                    chosen[name] = told
    with st.container(horizontal=True):
        for name in TRUTHS_TRIED:
            if name in features:
                is_so = st.toggle(name_feature(name, language), bool(features[name]), key=f"try_{name}_{lead_id}")
                if is_so is not bool(features[name]):
                    chosen[name] = is_so
    if "source" in features:
        sources = list(dict.fromkeys([features["source"], *CHANNELS]))
        source = st.selectbox(
            text("source", language),
            sources,
            format_func=lambda value: say(CHANNELS, value, language),
            key=f"try_source_{lead_id}",
        )
        if source != features["source"]:
            chosen["source"] = source
    if "touch_count_30d" in chosen and features.get("touch_count_90d") is not None:
        # ninety days hold the last thirty
        chosen["touch_count_90d"] = max(features["touch_count_90d"], chosen["touch_count_30d"])
    return chosen


def _score(features: Mapping[str, Any]) -> dict[str, Any]:
    score: dict[str, Any] = ask("POST", "/v1/scores", body={"features": dict(features), "reasons": 0}).body
    return score


@st.fragment
def show_feedback(lead_id: UUID, language: Language) -> None:
    """Three answers and a reason, and what was said before."""
    st.subheader(text("feedback_title", language), anchor=False)
    if "leads:write" not in session.require().scopes:
        st.caption(text("feedback_not_yours", language))
        return
    st.caption(text("feedback_caption", language))
    words = {verdict: say(FEEDBACK, verdict, language) for verdict in VERDICTS}
    comment = st.text_input(text("feedback_comment", language), max_chars=2_000, key=f"feedback_comment_{lead_id}")
    with st.container(horizontal=True):
        icons = {"agree": "check", "too_low": "thumb_up", "too_high": "thumb_down"}
        pressed = [
            verdict
            for verdict in VERDICTS
            if st.button(words[verdict], icon=f":material/{icons[verdict]}:", key=f"feedback_{verdict}_{lead_id}")
        ]
    try:
        if pressed:
            body = {"lead_id": str(lead_id), "verdict": pressed[0], "comment": comment.strip() or None}
            ask("POST", "/v1/scores/feedback", body=body)
            st.success(text("feedback_saved", language), icon=":material/check_circle:")
            _open_answers(lead_id)
        if st.session_state.get(_ANSWERS.format(lead_id)):
            _draw_given(ask("GET", f"/v1/leads/{lead_id}/score/explanation").body["feedback"], words, language)
        else:
            label = text("feedback_earlier", language)
            key = f"feedback_earlier_{lead_id}"
            st.button(label, type="tertiary", key=key, on_click=_open_answers, args=(lead_id,))
    except (ApiRefused, ApiUnavailable) as error:
        _tell(error, language)


def _open_answers(lead_id: UUID) -> None:
    st.session_state[_ANSWERS.format(lead_id)] = True


def _draw_given(given: list[dict[str, Any]], words: Mapping[str, str], language: Language) -> None:
    if not given:
        st.caption(text("feedback_none", language))
    for said in given:
        told = format_time(datetime.fromisoformat(said["given_at"]), language)
        line = f"**{words[said['verdict']]}** · {told}"
        st.markdown(f"{line}: {plain(said['comment'])}" if said["comment"] else line)


def _tell(error: ApiRefused | ApiUnavailable, language: Language) -> None:
    if isinstance(error, ApiRefused):
        show_refusal(error)
    else:
        st.info(text("api_away", language), icon=":material/cloud_off:")
