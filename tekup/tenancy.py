"""What a tenant context is and how it reaches the database. Which rows it opens is the database's decision."""

from uuid import UUID

CONTEXT_VARIABLE = "app.tenant_id"
"""The session variable that every row-level-security policy reads; set for one transaction, never for a session."""


def begin_statement(tenant_id: UUID, *, read_only: bool = False, isolation: str | None = None) -> str:
    """One simple query that opens a transaction and sets its tenant: no round trip more than BEGIN alone.

    ``tenant_id`` is formatted from a UUID object, so that no text from outside can enter the statement.
    """
    if not isinstance(tenant_id, UUID):
        raise TypeError(f"tenant_id must be a UUID, not {type(tenant_id).__name__}")
    modes = [f"ISOLATION LEVEL {isolation}"] if isolation else []
    if read_only:
        modes.append("READ ONLY")
    return f"BEGIN {', '.join(modes)}; SELECT set_config('{CONTEXT_VARIABLE}', '{tenant_id}', true)"
