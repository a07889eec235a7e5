"""The jobs that a person, a clock or `tekup run` starts. What their assets do is told where each asset is defined."""

from collections.abc import Iterator

import dagster as dg

from integrations.registry import VENDORS
from pipelines.automation import GATE
from pipelines.partitions import TENANTS, run_each, tenant_partitions
from pipelines.quality import gates
from pipelines.quality.rules import Suite

SOURCES = ("operational", *VENDORS)
_RAW = dg.AssetSelection.key_prefixes(["raw"])
_RATES = dg.AssetSelection.key_prefixes(["raw", "ecb"])
_LAKE = dg.AssetSelection.key_prefixes(["lake"])
_MODELS = dg.AssetSelection.key_prefixes(["models"])
_MODEL = dg.AssetSelection.assets(["models", "lead_score"])
_WATCHED = dg.AssetSelection.assets(["scores", "leads"], ["watch", "lead_score"])
_SCORES = dg.AssetSelection.key_prefixes(["scores"]) | _WATCHED
_CREDIT = dg.AssetSelection.key_prefixes(["attribution"])
_ENRICHMENT = dg.AssetSelection.assets(["ml", "lead_enrichment"])
_PRODUCED = _RAW | _LAKE | _MODELS | _SCORES | _CREDIT | _ENRICHMENT
_AFTER_MODELS = (_SCORES | _CREDIT | _ENRICHMENT).downstream() - _PRODUCED


def _select(suites: tuple[Suite, ...]) -> dg.AssetSelection:
    return dg.AssetSelection.checks(
        *(dg.AssetCheckKey(dg.AssetKey(rule.asset), rule.name) for rule in gates.rules_of(suites))
    )


_GATE = dg.AssetSelection.assets(GATE)
_OUTCOME = _select(gates.after_models())
# the gate says what its rules found; to run single rules is a person's affair
_RULES = _select(gates.before_models()) | _OUTCOME
_MARTS = dg.AssetSelection.all(include_sources=False) - _PRODUCED - _GATE - _AFTER_MODELS - _RULES

pull_tenant = dg.define_asset_job(
    "pull_tenant",
    selection=_RAW - _RATES - _RULES,
    partitions_def=tenant_partitions,
    description="Pull every source of one tenant.",
)
build_marts = dg.define_asset_job("build_marts", selection=_MARTS, description="Build and test what dbt models.")
gate_marts = dg.define_asset_job(
    "gate_marts",
    selection=_GATE,
    description="Check what arrived and what was built; hold the tenants that a blocking check fails for.",
)
extract_to_lake = dg.define_asset_job("extract_to_lake", selection=_LAKE, description="Write the Parquet extracts.")
train_models = dg.define_asset_job(
    "train_models", selection=_MODELS, description="Train a model of each kind; promote it if it beats the live one."
)
score_rows = dg.define_asset_job(
    "score_rows",
    selection=_SCORES,
    description="Score leads and subscriptions whose inputs or model changed, and look for drift.",
)
train_and_score = dg.define_asset_job(
    "train_and_score",
    selection=_MODEL | _WATCHED,
    description="Train the lead score after an alarm, and score leads if the model won.",
)
attribute_channels = dg.define_asset_job("attribute_channels", selection=_CREDIT, description="Credit the channels.")
publish = dg.define_asset_job(
    "publish", selection=_AFTER_MODELS - _RULES, description="Build and test the marts that show scores and credit."
)
check_marts = dg.define_asset_job("check_marts", selection=_OUTCOME, description="Check what the models produced.")
retrain = dg.define_asset_job(
    "retrain",
    selection=_MARTS | _GATE | _LAKE | _MODELS | _SCORES | _CREDIT | _AFTER_MODELS | _OUTCOME,
    description="Build, check, extract, train, score, attribute and publish, whatever has changed since.",
)


@dg.schedule(
    job=pull_tenant,
    cron_schedule="7 * * * *",
    execution_timezone="Europe/Copenhagen",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every hour, every tenant's sources; a tenant that fails costs no other tenant anything.",
)
def hourly_pull(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
    """One run a tenant and hour."""
    hour = context.scheduled_execution_time.strftime("%Y-%m-%dT%H")
    return run_each(context.instance.get_dynamic_partitions(TENANTS), hour)


@dg.schedule(
    job=pull_tenant,
    cron_schedule="37 1 * * 0",
    execution_timezone="Europe/Copenhagen",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every Sunday night, each tenant's sources from their beginning: drift is found, mended and told.",
)
def weekly_reconcile(context: dg.ScheduleEvaluationContext) -> Iterator[dg.RunRequest]:
    """One run a tenant and day."""
    day = context.scheduled_execution_time.date().isoformat()
    config = {"ops": {f"pull_{source}": {"config": {"reconcile": True}} for source in SOURCES}}
    return run_each(context.instance.get_dynamic_partitions(TENANTS), f"reconcile:{day}", config)


nightly_train = dg.ScheduleDefinition(
    name="nightly_train",
    job=retrain,
    cron_schedule="15 3 * * *",
    execution_timezone="Europe/Copenhagen",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Build, train, score and publish while nobody waits; heals what a missed tick left behind.",
)
