"""Named faults of scoring, each a `BadInput` that says which column and why. No check is made here."""

from tekup.errors import BadInput


class EmptyFrame(BadInput):
    """The frame has no rows, or no feature columns."""


class MissingColumns(BadInput):
    """Columns that the call or the model needs are absent."""


class UnusableColumn(BadInput):
    """A column's type can't be used as a feature, or contradicts the type that the model was trained on."""


class NonFiniteValues(BadInput):
    """A numeric column holds an infinity."""


class LabelError(BadInput):
    """The label holds something other than 0, 1 or null."""


class OneClassLabel(LabelError):
    """All matured labels are the same, so there is nothing to tell apart."""


class TooLittleData(BadInput):
    """Too few matured leads, or too few of one outcome, to learn anything that holds."""


class DuplicateLeads(BadInput):
    """The same lead id occurs more than once."""


class WeightError(BadInput):
    """A lead's weight is null, not finite, or not above zero."""


class TimeError(BadInput):
    """The time column has nulls, an unusable type or a moment in the future."""


class TenantError(BadInput):
    """A tenant is missing where the model needs one."""


class LeakageError(BadInput):
    """A feature knows the outcome; ``features`` names the culprits and their evidence."""

    def __init__(self, what: str, *, hint: str | None = None, features: dict[str, str]) -> None:
        super().__init__(what, hint=hint)
        self.features = features


class SpecialCategoryError(BadInput):
    """A column holds a special category of personal data, by its name."""


class ModelDamaged(BadInput):
    """A saved model is incomplete, was altered after saving, or is of an unknown format."""


class AdaptationWithheld(BadInput):
    """The model was adapted to this tenant, but its adaptation was not loaded here."""


class EngineMissing(BadInput):
    """Training is asked of an engine whose packages are not installed."""


class UnknownVersion(BadInput):
    """The registry has no such version, or none to go back to."""
