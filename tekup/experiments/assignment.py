"""Which variant a unit gets: by a hash alone, so that nobody has to remember it. Who may ask is not known here.

The rule is simple enough to be written again in any language. Of the SHA-256 of ``<salt>:<unit>`` in UTF-8 the first
13 hexadecimal digits, read as a whole number and divided by 16^13, are the unit's *place*, from 0 up to but without 1.
The variants share the places out in their order, each as much as its weight. Whether a unit takes part at all is
decided by another place, with the salt ``traffic:<layer>`` (or ``traffic:<salt>`` where there is no layer), so that
taking part says nothing about the variant.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

_DIGITS = 13  # 52 bits, which a double holds exactly in every language


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the things that are tried; the first of an experiment is the control."""

    name: str
    weight: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What assignment needs to know of an experiment.

    ``traffic_from`` and ``traffic_to`` are the part of all places that takes part. Experiments of one ``layer`` with
    parts that do not overlap never share a unit. ``audience``: an attribute's name, and the values that take part.
    """

    salt: str
    variants: Sequence[Variant]
    layer: str | None = None
    traffic_from: float = 0.0
    traffic_to: float = 1.0
    audience: Mapping[str, Sequence[str]] | None = None


def place_of(salt: str, unit: str) -> float:
    """The unit's place under a salt, in [0, 1).

    >>> place_of("fast-reply", "a-1") == place_of("fast-reply", "a-1") != place_of("other", "a-1")
    True
    """
    digest = sha256(f"{salt}:{unit}".encode()).hexdigest()
    return int(digest[:_DIGITS], 16) / float(16**_DIGITS)


def assign(plan: Plan, unit: str, attributes: Mapping[str, str] | None = None) -> str | None:
    """The variant of a unit; None where it takes no part.

    >>> assign(Plan("fast-reply", [Variant("control", 1), Variant("treatment", 1)]), "a-1")
    'treatment'
    """
    told = attributes or {}
    if any(told.get(name) not in allowed for name, allowed in (plan.audience or {}).items()):
        return None
    traffic = place_of(f"traffic:{plan.layer or plan.salt}", unit)
    if not plan.traffic_from <= traffic < plan.traffic_to:
        return None
    return choose(plan.variants, place_of(plan.salt, unit))


def choose(variants: Sequence[Variant], place: float) -> str:
    """The variant that owns a place."""
    total = sum(variant.weight for variant in variants)
    bound = 0.0
    for variant in variants[:-1]:
        bound += variant.weight / total
        if place < bound:
            return variant.name
    return variants[-1].name
