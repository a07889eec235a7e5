"""Multi-touch attribution: journeys in, credit out. It knows no framework, no database and no tenant."""

from attribution import errors
from attribution.agreement import compare_models, model_agreement
from attribution.build import build_paths
from attribution.chain import Chain, count_chain
from attribution.counted import credit_counts
from attribution.counts import Counts, count_journeys, count_paths, plan_counts, recount
from attribution.credit import cautions, credit, touch_credit
from attribution.hazard import Hazard, fit_hazard
from attribution.incremental import BASELINE, incremental_credit
from attribution.lift import calibrate, measure_lift
from attribution.markov import conversion_probability, removal_effects, transition_matrix
from attribution.models import MODELS, Model, Parameter
from attribution.order import choose_order
from attribution.paths import UNATTRIBUTED, Paths, read_paths
from attribution.response import Curves, fit_curves, reallocate
from attribution.rounding import apportion, apportion_levels
from attribution.sampled_shapley import sampled_shapley_values
from attribution.sessions import sessionise
from attribution.shapley import ordered_shapley, shapley_values
from attribution.stitching import stitch_identities
from attribution.transforms import TRANSFORMS, transform_paths

__all__ = [
    "BASELINE",
    "MODELS",
    "TRANSFORMS",
    "UNATTRIBUTED",
    "Chain",
    "Counts",
    "Curves",
    "Hazard",
    "Model",
    "Parameter",
    "Paths",
    "apportion",
    "apportion_levels",
    "build_paths",
    "calibrate",
    "cautions",
    "choose_order",
    "compare_models",
    "conversion_probability",
    "count_chain",
    "count_journeys",
    "count_paths",
    "credit",
    "credit_counts",
    "errors",
    "fit_curves",
    "fit_hazard",
    "incremental_credit",
    "measure_lift",
    "model_agreement",
    "ordered_shapley",
    "plan_counts",
    "read_paths",
    "reallocate",
    "recount",
    "removal_effects",
    "sampled_shapley_values",
    "sessionise",
    "shapley_values",
    "stitch_identities",
    "touch_credit",
    "transform_paths",
    "transition_matrix",
]
