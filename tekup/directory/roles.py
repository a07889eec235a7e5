"""Built-in roles and the rules of granting. A tenant's own roles stand in its table `app.roles`."""

import re
from dataclasses import dataclass

from tekup.directory.scopes import SCOPES
from tekup.errors import BadInput

OWNER = "owner"
_ADMINISTRATION = (
    "audit",
    "tenant",
    "events",
    "webhooks",
    "users",
    "roles",
    "tokens",
    "sessions",
    "identity_providers",
    "privacy",
)
_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """What a role is called, what it is for and what it opens."""

    name: str
    description: str
    scopes: frozenset[str]
    is_built_in: bool = True


_EVERYTHING = frozenset(SCOPES)
_WORK = frozenset(scope for scope in SCOPES if scope.split(":")[0] not in _ADMINISTRATION)
_CRM = (
    "contacts", "companies", "deals", "pipelines", "activities", "campaigns", "experiments", "views", "files",
)  # fmt: skip
_READING = frozenset({"scores:read", "leads:read", "kpis:read", *(f"{noun}:read" for noun in _CRM)})
_SELLING = frozenset(
    f"{noun}:write" for noun in ("leads", "contacts", "companies", "deals", "activities", "views", "files")
)

BUILT_IN: dict[str, RoleDefinition] = {
    role.name: role
    for role in (
        RoleDefinition(OWNER, "Everything; makes other owners. A tenant keeps at least one.", _EVERYTHING),
        RoleDefinition("admin", "Everything but making or changing owners.", _EVERYTHING),
        RoleDefinition(
            "manager", "All of the daily work, and seeing who may do what.", _WORK | {"users:read", "roles:read"}
        ),
        RoleDefinition(
            "sales", "Leads and deals, and who they are with.", _READING | _SELLING | {"scores:write", "persons:read"}
        ),
        RoleDefinition("analyst", "Figures, and scoring on trial.", _READING | {"attribution:read", "scores:write"}),
        RoleDefinition("read_only", "Looking, not changing.", _READING | {"attribution:read"}),
    )
}


def check_role_name(name: str) -> None:
    """Refuse a name that a tenant's own role can't have.

    Raises:
        BadInput: it is malformed, or that of a built-in role.
    """
    if name in BUILT_IN:
        raise BadInput(f"{name} is a built-in role", hint="choose another name")
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"{name!r} can't name a role", hint="use 2 to 40 small letters, digits and underscores, a letter first"
        )


def check_scopes(scopes: frozenset[str]) -> None:
    """Refuse scopes that do not exist.

    Raises:
        BadInput: one is unknown, or there are none.
    """
    unknown = sorted(scopes - _EVERYTHING)
    if unknown or not scopes:
        raise BadInput(
            f"unknown scope {', '.join(unknown) or '(none given)'}", hint=f"choose among {', '.join(SCOPES)}"
        )


def beyond(giver_role: str | None, giver_scopes: frozenset[str], role: RoleDefinition) -> str | None:
    """Why a giver may not hand out ``role`` (or change who has it), in words; None where he may.

    Nobody grants what he does not hold, and only owners make owners.
    """
    if role.name == OWNER and giver_role != OWNER:
        return "only an owner may make or change an owner"
    missing = sorted(role.scopes - giver_scopes)
    return f"you do not hold {', '.join(missing)}" if missing else None
