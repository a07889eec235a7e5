"""What a tenant context is and how it reaches the database. Which rows it opens is the database's decision."""

import re
from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID

CONTEXT_VARIABLE = "app.tenant_id"
"""The session variable that every row-level-security policy reads; set for one transaction, never for a session."""
SYSTEM = "system"
"""The role of the product's own work for a tenant: pulls, the command line, looking up who calls."""
EVERYTHING = frozenset({"*"})
"""The permissions of the product's own work."""

_WORD = re.compile(r"[a-z][a-z0-9_:.-]{0,99}\Z|\*\Z")


@dataclass(frozen=True, slots=True)
class TenantContext:
    """For which tenant a transaction is, who asked for it and what he may do.

    The database reads all of it: the tenant opens rows, role and permissions close some of them again
    (docs/tenancy.md). A context that names no permissions may change nothing and sees no person.
    """

    tenant_id: UUID
    role: str
    permissions: frozenset[str] = frozenset()
    user_id: UUID | None = None

    def __post_init__(self) -> None:
        """Refuse what could leave the quotes of a statement."""
        for name, value in (("tenant_id", self.tenant_id), ("user_id", self.user_id)):
            if not isinstance(value, UUID) and (name == "tenant_id" or value is not None):
                raise TypeError(f"{name} must be a UUID, not {type(value).__name__}")
        for word in (self.role, *self.permissions):
            if not isinstance(word, str) or not _WORD.match(word):
                raise ValueError(f"{word!r} can't be a role or a permission")

    @classmethod
    def system(cls, tenant_id: UUID) -> Self:
        """The product's own work for one tenant, which no person asked for: every permission."""
        return cls(tenant_id, SYSTEM, EVERYTHING)

    def may(self, *permissions: str) -> bool:
        """Whether the context holds one of ``permissions``, as the database's policies ask it."""
        return not self.permissions.isdisjoint({*permissions, *EVERYTHING})

    def with_permission(self, permission: str) -> Self:
        """The same caller for one transaction that may do one thing more, since he is not shown what it reads."""
        return replace(self, permissions=self.permissions | {permission})

    @property
    def sees_people(self) -> bool:
        """Whether the database shows it who leads are; whoever may change them must."""
        return self.may("persons:read", "leads:write")


def begin_statement(context: TenantContext | UUID, *, read_only: bool = False, isolation: str | None = None) -> str:
    """One simple query that opens a transaction and sets its context: no round trip more than BEGIN alone.

    A bare tenant id means the product's own work. Everything in the statement was checked to be a UUID or a plain
    word, so that no text from outside can enter it. It needs no right on ``set_config``, which `tekup_app` and
    `tekup_reader` do not have: an expression that was injected into a query can't call it to name another tenant.
    """
    if not isinstance(context, TenantContext):
        context = TenantContext.system(context)
    modes = [f"ISOLATION LEVEL {isolation}"] if isolation else []
    if read_only:
        modes.append("READ ONLY")
    return f"BEGIN {', '.join(modes)}; {context_statement(context)}"


def context_statement(context: TenantContext) -> str:
    """What sets the context in a transaction that is open already, until it ends or another takes its place."""
    values = {
        CONTEXT_VARIABLE: str(context.tenant_id),
        "app.user_id": str(context.user_id or ""),
        "app.role": context.role,
        "app.permissions": " ".join(sorted(context.permissions)),
    }
    return "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in values.items())
