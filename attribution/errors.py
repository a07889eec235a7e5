"""Named faults of input to attribution, each saying what to mend. Faults of the program are not wrapped here."""

from tekup.errors import BadInput


class MissingColumn(BadInput):
    """A frame lacks a column that the chosen function or model needs."""


class BadColumn(BadInput):
    """A column has the wrong type, or holds a null, NaN or infinite entry."""


class NegativeAmount(BadInput):
    """A count, weight or duration is below zero."""


class NoPaths(BadInput):
    """There is no journey at all to credit."""


class UnknownModel(BadInput):
    """No attribution model has this name."""


class BadParameter(BadInput):
    """A parameter of a function or model is unknown or out of its range."""


class TooManyChannels(BadInput):
    """The exact algorithm can't hold this many distinct channels."""


class DuplicateConversion(BadInput):
    """The same conversion id occurs twice, which would count its revenue twice."""


class MissingEngine(BadInput):
    """Spark was asked for and is not installed."""


class MixedCurrencies(BadInput):
    """Conversions carry amounts of several currencies, which can't be added up."""


class ValueWithoutConversion(BadInput):
    """A path carries value although nobody converted on it."""


class NoNulls(BadInput):
    """A model that learns from journeys without conversion was given none."""
