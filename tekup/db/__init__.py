"""The database's one door, the embedded server behind it, and the bootstrap of roles and schemas."""

from tekup.db.doors import Database, Doors, Role, bound

__all__ = ["Database", "Doors", "Role", "bound"]
