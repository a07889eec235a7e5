"""`tekup audit`: seal, verify, export and shorten the audit trail."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import IO
from uuid import UUID

import click

from tekup.audit import trail
from tekup.audit.files import read_segments, sealed_lines, to_ecs, to_ocsf
from tekup.audit.heads import read_heads
from tekup.audit.sealing import keep_heads, remove_old, seal_all, verify_tenant
from tekup.audit.seals import TrustedKeys
from tekup.audit.verification import Report, verify_chain
from tekup.clock import utc_now
from tekup.commands.tenant import prepared_doors
from tekup.db import Database, Doors, Role
from tekup.directory.tenants import Tenant, find_tenant, list_tenants
from tekup.errors import BadInput

_BATCH = 5_000
_START = (0, "00000000-0000-0000-0000-000000000000")
_TENANT = click.option("--tenant", help="Only this tenant; every tenant otherwise.")
_KEYS = click.option("--public-key", "public_keys", multiple=True, help="Hex of a key to trust; repeat for several.")


@click.group()
def audit() -> None:
    """Seal, verify, export and shorten the audit trail."""


@audit.command()
def seal() -> None:
    """Seal every finished entry now and append the heads to TEKUP_AUDIT_HEADS."""
    doors = prepared_doors()
    made = list(seal_all(doors, [one.id for one in list_tenants(doors)], key=trail.sealing_key(doors.master_key)))
    keep_heads(doors.settings.audit_heads_path, made)
    entries = sum(len(one.entry_ids) for one in made)
    click.echo(f"sealed {entries} entries in {len(made)} seals; heads in {doors.settings.audit_heads_path}")


@audit.command("public-key")
def public_key() -> None:
    """Print the public key with which seals are verified."""
    click.echo(trail.sealing_key(prepared_doors().master_key).public.hex())


@audit.command()
@_TENANT
@_KEYS
@click.option("--file", "exported", type=click.File("rb"), help="A file of `tekup audit export`, instead of databases.")
@click.option("--heads", type=click.Path(dir_okay=False, path_type=Path), help="Heads; default: TEKUP_AUDIT_HEADS.")
def verify(tenant: str | None, public_keys: tuple[str, ...], exported: IO[bytes] | None, heads: Path | None) -> int:
    """Say whether the trail is as it was sealed, and name the first entry that is not. Status 1 where it is not.

    With --file nothing but the file and --public-key is needed: no database, no setting, no secret.
    """
    if exported is not None:
        return _verify_file(exported, _trusted(public_keys), heads)
    doors = prepared_doors()
    own = [trail.sealing_key(doors.master_key).public]
    trusted = TrustedKeys([*own, *_raw(public_keys)])
    status = 0
    for one in _tenants(doors, tenant):
        for database in Database:
            path = heads or doors.settings.audit_heads_path
            report, waiting = verify_tenant(doors, database, one.id, trusted, path)
            status |= _say(f"{one.domain} {database.value}", report, waiting)
    return status


def _verify_file(exported: IO[bytes], trusted: TrustedKeys, heads: Path | None) -> int:
    segments = list(read_segments(exported))
    if not segments:
        raise BadInput("the file holds no seal", hint="make one with `tekup audit export --format sealed`")
    status = 0
    for whose in dict.fromkeys((one.seal.database, one.seal.tenant_id) for one in segments):
        own = [one for one in segments if (one.seal.database, one.seal.tenant_id) == whose]
        known = read_heads(heads, Database(whose[0]), whose[1]) if heads else None
        status |= _say(f"{whose[1]} {whose[0]}", verify_chain(own, trusted, known), 0)
    return status


def _say(whose: str, report: Report, waiting: int) -> int:
    counts = f"{report.entries} entries in {report.seals} seals"
    if report.removed:
        counts += f", {report.removed} removed after their time"
    if waiting:
        counts += f", {waiting} not sealed yet"
    if report.is_intact:
        click.echo(f"{whose}: intact: {counts}")
        return 0
    click.secho(f"{whose}: NOT intact: {counts}", fg="red")
    for finding in report.findings[:20]:
        click.echo(f"  {finding}")
    if len(report.findings) > 20:
        click.echo(f"  and {len(report.findings) - 20} more")
    return 1


@audit.command()
@_TENANT
@click.option(
    "--format",
    "form",
    type=click.Choice(["sealed", "ocsf", "ecs"]),
    default="sealed",
    show_default=True,
    help="`sealed` for `tekup audit verify --file`, the others for a SIEM.",
)
@click.option("--out", type=click.File("wb"), default="-", help="Where to; standard output by default.")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With ocsf or ecs: go on where the last export with this file ended, and note there where this one does.",
)
def export(tenant: str | None, form: str, out: IO[bytes], state: Path | None) -> None:
    """Write the trail as JSON lines."""
    doors = prepared_doors()
    tenants = _tenants(doors, tenant)
    if form == "sealed":
        trusted = TrustedKeys([trail.sealing_key(doors.master_key).public])
        for one in tenants:
            for database in Database:
                with doors.tenant_transaction(database, Role.OWNER, one.id, isolation="REPEATABLE READ") as connection:
                    out.writelines(sealed_lines(trail.segments(connection, database, one.id, trusted)))
        return
    turn = to_ocsf if form == "ocsf" else to_ecs
    positions = _read_state(state)
    for one in tenants:
        for database in Database:
            name = f"{database.value}/{one.id}"
            for entry in _entries_after(doors, database, one.id, positions.get(name, _START)):
                out.write(json.dumps(turn(entry), ensure_ascii=False).encode() + b"\n")
                positions[name] = (int(entry["xid"]), entry["id"])
            out.flush()
            # noted after the lines are out: a break repeats lines and loses none
            _write_state(state, positions)


def _entries_after(
    doors: Doors, database: Database, tenant_id: UUID, after: tuple[int, str]
) -> Iterator[dict[str, str]]:
    while True:
        with doors.tenant_transaction(database, Role.OWNER, tenant_id) as connection:
            entries = trail.read_after(connection, database, tenant_id, after, _BATCH)
        yield from entries
        if len(entries) < _BATCH:
            return
        after = (int(entries[-1]["xid"]), entries[-1]["id"])


def _read_state(path: Path | None) -> dict[str, tuple[int, str]]:
    if path is None or not path.exists():
        return {}
    try:
        return {name: (int(xid), str(UUID(entry_id))) for name, (xid, entry_id) in json.loads(path.read_text()).items()}
    except (ValueError, TypeError, AttributeError):
        raise BadInput(f"{path} is no state of an export", hint="name another file to begin at the start") from None


def _write_state(path: Path | None, positions: dict[str, tuple[int, str]]) -> None:
    if path is not None:
        temporary = path.with_name(f"{path.name}.new")
        temporary.write_text(json.dumps(positions))
        temporary.replace(path)


@audit.command()
@_TENANT
@click.option("--older-than", type=click.IntRange(1), required=True, help="Days that sealed entries are kept.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(tenant: str | None, older_than: int, yes: bool) -> None:
    """Remove sealed entries after their time. Their seals stay, with a signed statement that they were removed."""
    doors = prepared_doors()
    if not yes:
        click.confirm(f"remove entries older than {older_than} days for good?", abort=True)
    key, before = trail.sealing_key(doors.master_key), utc_now() - timedelta(days=older_than)
    for one in _tenants(doors, tenant):
        removed = remove_old(doors, one.id, before=before, key=key)
        click.echo(f"{one.domain}: {removed} entries removed")


def _tenants(doors: Doors, key: str | None) -> list[Tenant]:
    return [find_tenant(doors, key)] if key else list_tenants(doors)


def _trusted(public_keys: tuple[str, ...]) -> TrustedKeys:
    if not public_keys:
        raise BadInput(
            "a file is verified with a public key", hint="--public-key KEY, which `tekup audit public-key` prints"
        )
    return TrustedKeys(_raw(public_keys))


def _raw(public_keys: tuple[str, ...]) -> list[bytes]:
    try:
        raw = [bytes.fromhex(text) for text in public_keys]
    except ValueError:
        raw = [b""]
    if any(len(key) != 32 for key in raw):
        raise BadInput("a public key is 64 hexadecimal digits", hint="`tekup audit public-key` prints it")
    return raw
