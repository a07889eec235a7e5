"""One experiment: its verdict in words, its differences with bounds, how many persons it takes, and steering it."""

import json
from typing import Any
from uuid import UUID

import polars as pl
import streamlit as st

from dashboards import api, cache, components, filters
from dashboards.api import ApiRefused
from dashboards.api_client import ApiUnavailable
from dashboards.charts import experiments as charts
from dashboards.faults import show_empty, show_refusal
from dashboards.formats import MISSING, ZONE, Language, format_date, format_money, format_number, format_rate
from dashboards.markdown import plain
from dashboards.session import SignedIn
from dashboards.texts import text
from tekup.clock import utc_now
from tekup.experiments.evidence import Finding, Line, find, rules_of
from tekup.experiments.inference import size_needed
from tekup.experiments.judging import MetricResult, Rules, Verdict
from tekup.experiments.metrics import EXPERIMENT_METRICS, RESULT_COLUMNS
from tekup.experiments.words import say_verdict

_TOLD = "experiment_told"
_SURE = ("better",)
_BAD: tuple[Verdict, ...] = ("broken", "harmful", "worse")
_EFFECTS = (5, 10, 20, 30, 50)


def draw_experiments(signed_in: SignedIn, language: Language) -> None:
    """Choose an experiment and see what came of it."""
    experiments = cache.experiments(signed_in.tenant_id)
    if experiments.is_empty():
        show_empty("empty_experiments")
        _draw_size(None, language)
        return
    names = dict(zip(experiments["experiment_key"], experiments["experiment_name"], strict=True))
    filters.read_one("experiment", list(names), next(iter(names)), key="experiment")
    key = st.selectbox(text("experiment", language), list(names), format_func=names.__getitem__, key="experiment")
    filters.keep("experiment", key, next(iter(names)))
    row = experiments.filter(pl.col("experiment_key") == key).row(0, named=True)
    stored = row | {name: json.loads(row[name] or "[]") for name in ("variants", "secondary_metrics", "guard_rails")}
    lines = cache.experiment_lines(signed_in.tenant_id, UUID(row["experiment_id"]))
    rules = rules_of(stored)
    found = find(
        rules,
        row["outcome_days"],
        [Line.of(values) for values in lines.select(RESULT_COLUMNS).iter_rows()],
        utc_now().astimezone(ZONE).date(),
    )
    _draw_head(stored, language)
    _draw_verdict(found, language)
    if found.judgement.verdict != "empty":
        _draw_tiles(found, row["outcome_days"], language)
        _draw_differences(found, rules, language)
        _draw_table(found, language)
    _draw_size(found, language)
    _draw_steering(signed_in, stored, language)


def _draw_head(stored: dict[str, Any], language: Language) -> None:
    if stored["hypothesis"]:
        st.markdown(f"*{plain(stored['hypothesis'])}*")
    st.caption(
        text(
            "experiment_caption",
            language,
            status=_say_status(stored, language),
            first=format_date(stored["starts_at"], language),
            metric=_say_metric(stored["primary_metric"], language),
            days=stored["outcome_days"],
        )
    )


def _say_status(stored: dict[str, Any], language: Language) -> str:
    return text(f"status_{stored['status']}", language, decision=plain(stored.get("decision") or ""))


def _say_metric(metric: str, language: Language) -> str:
    return text(f"metric_{metric}", language) if metric in EXPERIMENT_METRICS else plain(metric)


def _draw_verdict(found: Finding, language: Language) -> None:
    sentence = plain(say_verdict(found.judgement, language))
    verdict = found.judgement.verdict
    if verdict in _SURE:
        st.success(sentence, icon=":material/trophy:")
    elif verdict in _BAD:
        st.error(sentence, icon=":material/report:")
    elif verdict in ("too_little", "empty"):
        st.info(sentence, icon=":material/science:")
    else:
        st.info(sentence, icon=":material/hourglass_top:")


def _draw_tiles(found: Finding, days: int, language: Language) -> None:
    told = found.judgement
    counts = ", ".join(f"{plain(name)} {format_number(count, language)}" for name, count in told.counts.items())
    cut = next((r.difference.variance_cut for r in told.results if r.role == "primary" and r.difference), None)
    ratio = "ratio_broken" if told.verdict == "broken" else "ratio_fine"
    tiles = (
        ("experiment_persons", format_number(sum(told.counts.values()), language)),
        ("experiment_waiting", format_number(found.waiting, language)),
        ("experiment_ratio", text(ratio, language)),
        ("experiment_cuped", format_rate(max(cut, 0.0) if cut is not None else None, language)),
    )
    words = {"counts": counts, "days": days, "p": format_number(told.ratio_p_value, language, 3)}
    for place, (name, value) in zip(st.columns(4), tiles, strict=True):
        components.draw_tile(place, text(name, language), value, text(f"definition_{name}", language, **words))


def _draw_differences(found: Finding, rules: Rules, language: Language) -> None:
    several = len(rules.variants) > 2
    rows = []
    for result in found.judgement.results:
        difference = result.difference
        if difference is None or difference.control <= 0:
            continue
        name = f"{_say_metric(result.metric, language)} ({text(f'role_{result.role}', language).lower()})"
        rows.append(
            {
                "row": f"{plain(result.variant)}: {name}" if several else name,
                "effect": difference.effect / difference.control,
                "low": difference.low / difference.control,
                "high": difference.high / difference.control,
            }
        )
    if not rows:
        st.caption(text("no_difference_yet", language))
        return
    left, right = st.columns(2)
    with left:
        st.subheader(text("differences_title", language), anchor=False)
        st.altair_chart(
            charts.draw_differences(pl.DataFrame(rows), text("differences_axis", language), language),
            alt=text("differences_alt", language),
        )
        st.caption(text("differences_caption", language, sure=format_rate(1 - rules.alpha, language)))
    with right:
        _draw_history(found, rules, language)


def _draw_history(found: Finding, rules: Rules, language: Language) -> None:
    metric = EXPERIMENT_METRICS.get(rules.primary_metric)
    scale = 100.0 if metric is not None and metric.kind == "money" else 1.0
    # the first days' bounds are so wide that nothing else could be seen
    shown = [moment for moment in found.history if moment.difference.count >= 50] or list(found.history)
    if not shown:
        return
    frame = pl.DataFrame(
        [
            {
                "day": moment.exposed_date,
                "variant": moment.variant,
                "effect": moment.difference.effect / scale,
                "low": moment.difference.low / scale,
                "high": moment.difference.high / scale,
            }
            for moment in shown
        ]
    )
    st.subheader(text("trial_history_title", language), anchor=False)
    is_rate = metric is not None and metric.kind == "rate"
    st.altair_chart(
        charts.draw_history(frame, text("history_axis", language), language, is_rate=is_rate),
        alt=text("trial_history_alt", language),
    )
    st.caption(text("campaign_history_caption", language, metric=_say_metric(rules.primary_metric, language)))


def _draw_table(found: Finding, language: Language) -> None:
    def cell(result: MetricResult, value: float | None, digits: int = 1) -> str:
        metric = EXPERIMENT_METRICS.get(result.metric)
        if value is None:
            return MISSING
        if metric is not None and metric.kind == "rate":
            return format_rate(value, language, digits)
        if metric is not None and metric.kind == "money":
            return format_money(value, None, language)
        return format_number(value, language, 2)

    rows: list[dict[str, object]] = []
    for result in found.judgement.results:
        difference = result.difference
        guard = (
            MISSING
            if result.role != "guard_rail"
            else text("guard_crossed" if result.is_harmed else "guard_holds", language)
        )
        between = MISSING if difference is None else f"{cell(result, difference.low)} … {cell(result, difference.high)}"
        rows.append(
            {
                text("metric", language): _say_metric(result.metric, language),
                text("role", language): text(f"role_{result.role}", language),
                text("variant", language): plain(result.variant),
                text("control_mean", language): cell(result, result.control.mean),
                text("variant_mean", language): cell(result, result.sums.mean),
                text("sure_between", language): between,
                text("guard_state", language): guard,
            }
        )
    components.draw_table(rows, text("differences_title", language))


def _draw_size(found: Finding | None, language: Language) -> None:
    """A rate, a change to find, and how many persons that takes."""
    with st.expander(text("size_title", language), icon=":material/calculate:"):
        rate = 5.0
        if found is not None and found.judgement.results:
            primary = found.judgement.results[0]
            metric = EXPERIMENT_METRICS.get(primary.metric)
            mean = primary.control.mean
            if metric is not None and metric.kind == "rate" and mean and 0.001 <= mean < 0.99:
                rate = round(100 * mean, 1)
        places = st.columns(3)
        baseline = places[0].number_input(
            text("size_baseline", language), min_value=0.1, max_value=99.0, value=rate, step=0.5, key="size_baseline"
        )
        effect = places[1].select_slider(text("size_effect", language), _EFFECTS, value=20, key="size_effect")
        variants = places[2].number_input(
            text("size_variants", language), min_value=2, max_value=10, value=2, key="size_variants"
        )
        mean = baseline / 100
        size = size_needed(mean, mean * (1 - mean), effect / 100, variants=int(variants))
        st.markdown(
            text(
                "size_answer",
                language,
                sequential=f"**{format_number(size.sequential, language)}**",
                fixed=format_number(size.fixed, language),
                alpha=format_rate(0.05, language),
            )
        )


def _draw_steering(signed_in: SignedIn, stored: dict[str, Any], language: Language) -> None:
    st.subheader(text("steer_title", language), anchor=False)
    if not {"experiments:read", "experiments:write"} <= signed_in.scopes:
        st.caption(text("steer_not_allowed", language))
        return
    told = st.session_state.pop(_TOLD, None)
    if isinstance(told, ApiRefused | ApiUnavailable):
        show_refusal(told)
    elif told is not None:
        st.success(text("steered", language, status=_say_status(told, language)), icon=":material/check_circle:")
    try:
        # as it is now: the figures above are of the last build
        now = api.ask("GET", f"/v1/experiments/{stored['experiment_id']}").body
    except (ApiUnavailable, ApiRefused) as error:
        show_refusal(error)
        return
    st.markdown(text("steer_state", language, status=_say_status(now, language)))
    with st.container(horizontal=True):
        if now["status"] == "draft":
            _button("start", now, text("steer_start", language), ":material/play_arrow:", None)
        if now["status"] == "running":
            _button("stop", now, text("steer_stop", language), ":material/stop:", None)
        if now["status"] in ("running", "stopped"):
            for variant in now["variants"]:
                label = text("steer_choose", language, variant=plain(variant["name"]))
                _button("decision", now, label, ":material/flag:", variant["name"])


def _button(verb: str, now: dict[str, Any], label: str, icon: str, variant: str | None) -> None:
    key = f"experiment_{verb}" if variant is None else f"experiment_{verb}_{variant}"
    st.button(label, icon=icon, key=key, on_click=_steer, args=(now["id"], verb, variant))


def _steer(experiment_id: str, verb: str, variant: str | None) -> None:
    try:
        body = None if variant is None else {"variant": variant}
        st.session_state[_TOLD] = api.ask("POST", f"/v1/experiments/{experiment_id}/{verb}", body=body).body
    except (ApiRefused, ApiUnavailable) as error:
        st.session_state[_TOLD] = error
