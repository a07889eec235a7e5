"""The audit trail: what an entry is, how entries are sealed so that no change goes unseen, and how that is proven.

Who writes entries, and when, is decided where data is read or changed.
"""

from tekup.audit.record import Entry, describe_change, insert_statement, table_of

__all__ = ["Entry", "describe_change", "insert_statement", "table_of"]
