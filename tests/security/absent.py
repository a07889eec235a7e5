"""Attacks whose surface does not exist yet, each with a look that fails by itself once it does."""

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

ABSENT = {"A84": ("there is no GraphQL", "graphql")}
"""Why an attack can't be tried, and the word in a route that would say that it can."""


def check(app: FastAPI, attack: str) -> None:
    """Fail where the surface of an absent attack has appeared: then the attack must be written."""
    reason, word = ABSENT[attack]
    found = [context.path for context in iter_route_contexts(app.routes) if word in context.path.lower()]
    assert found == [], f"{attack} was left out since {reason}; now there is {found}: write the attack"
