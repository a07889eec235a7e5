"""The entries that doors write for those who have no request: the command line, the pipelines and their like."""

import getpass
from dataclasses import dataclass

from tekup.audit.record import Entry, as_script, is_chosen
from tekup.db import Database, Role
from tekup.tenancy import TenantContext

_NO_RIGHT = (Role.READER, Role.WORKER)
"""They may write nothing, the trail neither; whoever reads as one of them tells of it by another door."""


@dataclass(frozen=True, slots=True)
class AccessRecorder:
    """Makes the entry of each transaction of one tenant; given to `tekup.db.Doors`.

    ``route`` is the program's own name for what runs, ``share`` the share of reads that is told, ``share_of_changes``
    that of changes.
    """

    actor_id: str
    route: str
    share: float = 1.0
    share_of_changes: float = 1.0

    def script_of(self, database: Database, role: Role, context: TenantContext, *, read_only: bool) -> str | None:
        """The INSERT of one transaction's entry, or None where it is not told."""
        if role in _NO_RIGHT or not is_chosen(self.share if read_only else self.share_of_changes):
            return None
        entry = Entry(
            tenant_id=context.tenant_id,
            actor_kind="system",
            actor_id=self.actor_id,
            action="read" if read_only else "write",
            route=self.route,
            address="local",
        )
        return as_script([entry], database)


def operator() -> str:
    """Who runs this process, by the operating system's word."""
    try:
        return f"operator {getpass.getuser()}"
    except (KeyError, OSError):
        return "operator"
