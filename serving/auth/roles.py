"""What each role of a user may do, as scopes. API tokens carry their scopes themselves."""

from tekup.directory.tokens import SCOPES

_EVERYTHING = frozenset(SCOPES)

SCOPES_OF_ROLE: dict[str, frozenset[str]] = {
    "owner": _EVERYTHING,
    "admin": _EVERYTHING,
    "manager": _EVERYTHING,
    "sales": frozenset({"scores:read", "scores:write", "leads:read", "leads:write", "persons:read", "kpis:read"}),
    "analyst": frozenset({"scores:read", "scores:write", "leads:read", "attribution:read", "kpis:read"}),
    "read_only": frozenset({"scores:read", "leads:read", "attribution:read", "kpis:read"}),
}


def scopes_of_role(role: str) -> frozenset[str]:
    """The role's scopes; an unknown role has none."""
    return SCOPES_OF_ROLE.get(role, frozenset())
