"""Tables of experiments: in the operational database what defines them, in the warehouse what came of them."""

from sqlalchemy import BigInteger, Column, Date, DateTime, Float, Integer, Numeric, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

from serving.models import warehouse
from serving.models.operational import metadata

_TIME = DateTime(timezone=True)

experiments = Table(
    "experiments",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("key", Text),
    Column("name", Text),
    Column("hypothesis", Text),
    Column("status", Text),
    Column("unit", Text),
    Column("variants", JSONB),
    Column("layer", Text),
    Column("traffic_from", Float(53)),
    Column("traffic_to", Float(53)),
    Column("audience", JSONB),
    Column("primary_metric", Text),
    Column("secondary_metrics", ARRAY(Text)),
    Column("guard_rails", JSONB),
    Column("outcome_days", SmallInteger),
    Column("alpha", Float(53)),
    Column("least_effect", Float(53)),
    Column("planned_units", Integer),
    Column("starts_at", _TIME),
    Column("ends_at", _TIME),
    Column("stopped_at", _TIME),
    Column("decision", Text),
    Column("decision_note", Text),
    Column("decided_at", _TIME),
    Column("created_at", _TIME),
    Column("updated_at", _TIME),
)

experiment_exposures = Table(
    "experiment_exposures",
    metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("id", UUID, primary_key=True),
    Column("experiment_id", UUID),
    Column("anonymous_id", Text),
    Column("lead_id", UUID),
    Column("contact_id", UUID),
    Column("variant", Text),
    Column("exposed_at", _TIME),
)

fct_experiment_result_daily = Table(
    "fct_experiment_result_daily",
    warehouse.metadata,
    Column("tenant_id", UUID, primary_key=True),
    Column("experiment_id", UUID, primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("variant", Text, primary_key=True),
    Column("exposed_date", Date, primary_key=True),
    Column("person_count", BigInteger),
    Column("metric_sum", Numeric),
    Column("metric_square_sum", Numeric),
    Column("covariate_sum", Numeric),
    Column("covariate_square_sum", Numeric),
    Column("product_sum", Numeric),
    schema="marts",
)
