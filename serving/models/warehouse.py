"""Tables of the warehouse that the API reads: what models produce and what dbt builds. Only the columns it uses."""

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Float, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from serving.models import operational

metadata = MetaData()
_TIME = DateTime(timezone=True)

# the trail has one form in both databases
audit_log = operational.audit_log.to_metadata(metadata, schema="ops")
audit_seal = operational.audit_seal.to_metadata(metadata, schema="ops")

lead_score = Table(
    "lead_score",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("lead_id", UUID, primary_key=True),
    Column("model_version", Text),
    Column("probability", Float(53)),
    Column("grade", Text),
    Column("reasons", JSONB),
    Column("scored_at", _TIME),
    Column("probability_low", Float(53)),
    Column("probability_high", Float(53)),
    Column("has_enough_data", Boolean),
    Column("is_out_of_distribution", Boolean),
    Column("expected_value_cents", BigInteger),
    schema="ml",
)

lead_score_history = Table(
    "lead_score_history",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("lead_id", UUID, primary_key=True),
    Column("scored_at", _TIME, primary_key=True),
    Column("model_version", Text),
    Column("input_hash", BigInteger),
    Column("probability", Float(53)),
    Column("base_probability", Float(53)),
    Column("grade", Text),
    Column("reasons", JSONB),
    schema="ml",
)

lead_score_input = Table(
    "lead_score_input",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("lead_id", UUID, primary_key=True),
    Column("input_hash", BigInteger, primary_key=True),
    Column("features", JSONB),
    schema="ml",
)

fct_lead_score = Table(
    "fct_lead_score",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("lead_id", UUID, primary_key=True),
    Column("probability", Float(53)),
    Column("probability_low", Float(53)),
    Column("probability_high", Float(53)),
    Column("has_enough_data", Boolean),
    Column("is_out_of_distribution", Boolean),
    Column("grade", Text),
    Column("expected_value_cents", BigInteger),
    Column("scored_at", _TIME),
    Column("status", Text),
    Column("source", Text),
    Column("created_at", _TIME),
    schema="marts",
)

fct_lead_prediction = Table(
    "fct_lead_prediction",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("lead_id", UUID, primary_key=True),
    Column("value_cents", BigInteger),
    Column("value_cents_low", BigInteger),
    Column("value_cents_high", BigInteger),
    Column("currency", Text),
    Column("value_model_version", Text),
    Column("converted_by_7d_rate", Float(53)),
    Column("converted_by_14d_rate", Float(53)),
    Column("converted_by_30d_rate", Float(53)),
    Column("converted_by_60d_rate", Float(53)),
    Column("converted_by_90d_rate", Float(53)),
    Column("median_days", Float(53)),
    Column("conversion_model_version", Text),
    Column("predicted_at", _TIME),
    schema="marts",
)

fct_subscription_churn = Table(
    "fct_subscription_churn",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("subscription_id", Text, primary_key=True),
    Column("customer_id", Text),
    Column("product_name", Text),
    Column("probability", Float(53)),
    Column("probability_low", Float(53)),
    Column("probability_high", Float(53)),
    Column("has_enough_data", Boolean),
    Column("is_out_of_distribution", Boolean),
    Column("mrr_cents", BigInteger),
    Column("mrr_at_risk_cents", BigInteger),
    Column("currency", Text),
    Column("reasons", JSONB),
    Column("model_version", Text),
    Column("predicted_at", _TIME),
    schema="marts",
)

fct_attribution_credit = Table(
    "fct_attribution_credit",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("conversions", Float(53)),
    Column("value_cents", BigInteger),
    Column("reporting_value_cents", BigInteger),
    Column("reporting_currency", Text),
    Column("spend_cents", BigInteger),
    Column("roas_rate", Float(53)),
    Column("cost_per_conversion_cents", BigInteger),
    Column("lookback_days", Integer),
    Column("computed_at", _TIME),
    Column("conversions_low", Float(53)),
    Column("conversions_high", Float(53)),
    Column("value_cents_low", BigInteger),
    Column("value_cents_high", BigInteger),
    schema="marts",
)

fct_attribution_daily = Table(
    "fct_attribution_daily",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("model", Text, primary_key=True),
    Column("credit_date", Date, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("campaign_key", Text, primary_key=True),
    Column("campaign_id", UUID),
    Column("campaign_name", Text),
    Column("currency", Text, primary_key=True),
    Column("conversions", Float(53)),
    Column("value_cents", BigInteger),
    Column("reporting_value_cents", BigInteger),
    Column("reporting_currency", Text),
    Column("spend_cents", BigInteger),
    schema="marts",
)

attribution_path = Table(
    "attribution_path",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("path_rank", Integer, primary_key=True),
    Column("path", ARRAY(Text)),
    Column("path_count", Integer),
    Column("conversions", Float(53)),
    Column("value_cents", BigInteger),
    Column("null_count", Float(53)),
    Column("computed_at", _TIME),
    schema="ml",
)

attribution_transition = Table(
    "attribution_transition",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("journey_count", Float(53)),
    Column("probability", Float(53)),
    Column("computed_at", _TIME),
    schema="ml",
)

fct_revenue_retention_monthly = Table(
    "fct_revenue_retention_monthly",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("month_date", Date, primary_key=True),
    Column("currency", Text),
    Column("is_complete", Boolean),
    Column("nrr_rate", Float(53)),
    Column("grr_rate", Float(53)),
    Column("logo_churn_rate", Float(53)),
    Column("arpa_cents", BigInteger),
    Column("ltv_cents", BigInteger),
    schema="marts",
)

kpi_tenant_daily = Table(
    "kpi_tenant_daily",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("kpi_date", Date, primary_key=True),
    Column("currency", Text),
    Column("new_lead_count", BigInteger),
    Column("qualified_lead_count", BigInteger),
    Column("won_lead_count", BigInteger),
    Column("lost_lead_count", BigInteger),
    Column("touchpoint_count", BigInteger),
    Column("new_subscriber_count", BigInteger),
    Column("won_value_cents", BigInteger),
    Column("spend_cents", BigInteger),
    Column("invoiced_cents", BigInteger),
    Column("paid_cents", BigInteger),
    Column("refunded_cents", BigInteger),
    Column("active_subscription_count", BigInteger),
    Column("mrr_cents", BigInteger),
    schema="marts",
)
