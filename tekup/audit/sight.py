"""Whether the warehouse's server lets us see what analysts ask, and what is missing where it does not."""

from dataclasses import dataclass

import psycopg

from tekup.audit.statements import log_folder
from tekup.db import Database, Doors
from tekup.db.bootstrap import ANALYST_ROLE

_LOGINS = f"""
select r.rolname, coalesce('log_statement=all' = any(s.setconfig), false),
    coalesce(exists (select from unnest(s.setconfig) as c where c ~ '^pgaudit[.]log=.*(read|all)'), false)
from pg_auth_members as m inner join pg_roles as r on m.member = r.oid and r.rolcanlogin
left join pg_db_role_setting as s on s.setrole = r.oid and s.setdatabase = 0
where m.roleid = '{ANALYST_ROLE}'::regrole
order by 1
"""  # noqa: S608  # our own name
_SETTINGS = (
    "select name, setting from pg_settings where name in ('log_destination', 'logging_collector', 'pgaudit.log')"
)


@dataclass(frozen=True, slots=True)
class Sight:
    """What there is to see, in words for an operator."""

    is_seen: bool
    told: tuple[str, ...]


def sight_of(doors: Doors) -> Sight:
    """Ask the server for its log's form, for pgAudit, and whether each analyst's statements are logged."""
    with psycopg.connect(doors.admin_url(Database.WAREHOUSE), autocommit=True) as admin:
        logins = admin.execute(_LOGINS.encode()).fetchall()
        settings: dict[str, str] = dict(admin.execute(_SETTINGS).fetchall())
    told = [f"{len(logins)} log-ins of analysts"]
    silent = [name for name, is_logged, is_audited in logins if not (is_logged or is_audited)]
    told += [f"NOT logged: {name}; make it anew with `tekup db analyst add`" for name in silent]
    if "pgaudit.log" in settings:
        told.append("pgAudit is loaded; its lines stay in the server's log and are not taken over")
    folder = log_folder(doors)
    is_json = "jsonlog" in settings.get("log_destination", "") and settings.get("logging_collector") == "on"
    if not is_json:
        told.append(
            "the server writes no JSON log: set logging_collector = on and log_destination = 'jsonlog' there "
            "(PostgreSQL 15 or later)"
        )
    if folder is None or not folder.is_dir():
        told.append(
            "its log can't be read here: set TEKUP_AUDIT_SQL_LOG to the folder of its JSON log, or to a copy of it"
        )
        folder = None
    else:
        told.append(f"statements are taken from {folder}")
    return Sight(not logins or (not silent and is_json and folder is not None), tuple(told))
