"""Multi-touch attribution: journeys in, credit out. It knows no framework, no database and no tenant."""

from attribution.build import build_paths
from attribution.chain import Chain, count_chain
from attribution.credit import cautions, credit, touch_credit
from attribution.markov import conversion_probability, removal_effects, transition_matrix
from attribution.models import MODELS, Model, Parameter
from attribution.paths import UNATTRIBUTED, Paths, read_paths
from attribution.rounding import apportion
from attribution.shapley import shapley_values
from attribution.transforms import TRANSFORMS, transform_paths

__all__ = [
    "MODELS",
    "TRANSFORMS",
    "UNATTRIBUTED",
    "Chain",
    "Model",
    "Parameter",
    "Paths",
    "apportion",
    "build_paths",
    "cautions",
    "conversion_probability",
    "count_chain",
    "credit",
    "read_paths",
    "removal_effects",
    "shapley_values",
    "touch_credit",
    "transform_paths",
    "transition_matrix",
]
