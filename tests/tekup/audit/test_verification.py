"""Every kind of tampering is found every time, by the database's verifier and by the offline one."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import orjson
import psycopg
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from tekup.audit import Entry, trail
from tekup.audit.files import read_segments, sealed_lines
from tekup.audit.heads import append_heads, read_heads
from tekup.audit.merkle import root_of
from tekup.audit.seals import FIRST_PREVIOUS, Sealed, SealingKey, TrustedKeys, canonical, leaf_of
from tekup.audit.verification import Fault, Report, Segment, Stored, verify_chain
from tekup.commands.audit import audit
from tekup.db import Database, Doors, Role
from tekup.directory.tenants import Tenant, create_tenant, delete_tenant
from tekup.ids import uuid7

ENTRIES, PER_SEAL = 14, 5


@dataclass(frozen=True, slots=True)
class Kept:
    """A sealed trail of one tenant in one database."""

    database: Database
    tenant: Tenant
    key: SealingKey
    trusted: TrustedKeys
    heads: dict[int, bytes]

    @property
    def table(self) -> str:
        return trail.Tables(self.database).log

    @property
    def seals(self) -> str:
        return trail.Tables(self.database).seal


@pytest.fixture(scope="module")
def tenant(doors: Doors) -> Iterator[Tenant]:
    made = create_tenant(doors, "Trail ApS", "trail.example")
    yield made
    delete_tenant(doors, made)


@pytest.fixture(scope="module", params=list(Database))
def kept(request: pytest.FixtureRequest, doors: Doors, tenant: Tenant) -> Kept:
    database: Database = request.param
    for number in range(ENTRIES):
        with doors.tenant_transaction(database, Role.APP, tenant.id) as connection:
            told = {"after": {"number": number, "amount": 1.5}}
            entry = Entry(
                tenant_id=tenant.id, actor_kind="user", actor_id=f"u{number}", action="lead.change", details=told
            )
            trail.append(connection, database, entry)
    key = trail.sealing_key(doors.master_key)
    while True:
        with doors.tenant_transaction(database, Role.APP, tenant.id, isolation="REPEATABLE READ") as connection:
            if trail.seal_next(connection, database, tenant.id, key, most=PER_SEAL) is None:
                break
    trusted = TrustedKeys([key.public])
    with doors.tenant_transaction(database, Role.OWNER, tenant.id) as connection:
        heads = {one.seal.number: one.seal.head() for one in trail.segments(connection, database, tenant.id, trusted)}
    return Kept(database, tenant, key, trusted, heads)


def verify(connection: psycopg.Connection[Any], kept: Kept) -> Report:
    segments = trail.segments(connection, kept.database, kept.tenant.id, kept.trusted)
    return verify_chain(segments, kept.trusted, kept.heads)


@pytest.fixture
def tampering(doors: Doors, kept: Kept) -> Iterator[psycopg.Connection[Any]]:
    """The server's superuser with triggers off, in a transaction that is undone."""
    with psycopg.connect(doors.admin_url(kept.database)) as connection:
        connection.execute("set local session_replication_role = replica")
        yield connection
        connection.rollback()


def entry_ids(connection: psycopg.Connection[Any], kept: Kept) -> list[UUID]:
    query = f"select id from {kept.table} where tenant_id = %s order by xid, id"
    return [row[0] for row in connection.execute(query.encode(), (kept.tenant.id,))]


def test_an_untouched_trail_is_intact_in_several_seals(tampering: psycopg.Connection[Any], kept: Kept) -> None:
    report = verify(tampering, kept)
    assert report.findings == []
    assert report.entries == ENTRIES
    assert report.seals >= 3


def test_a_trail_is_sealed_in_order_where_transaction_numbers_gain_a_digit(doors: Doors, kept: Kept) -> None:
    made = create_tenant(doors, "Odometer ApS", "odometer.example")
    try:
        for number in range(6):
            entry = Entry(tenant_id=made.id, actor_kind="user", actor_id=f"u{number}", action="lead.read")
            with doors.tenant_transaction(kept.database, Role.APP, made.id) as connection:
                trail.append(connection, kept.database, entry)
        with psycopg.connect(doors.admin_url(kept.database)) as admin:
            admin.execute("set local session_replication_role = replica")
            for number in range(6):
                changed = f"update {kept.table} set xid = %s where tenant_id = %s and actor_id = %s"
                admin.execute(changed.encode(), (str(8 + number), made.id, f"u{number}"))
        for _ in range(3):
            with doors.tenant_transaction(kept.database, Role.APP, made.id, isolation="REPEATABLE READ") as connection:
                assert trail.seal_next(connection, kept.database, made.id, kept.key, most=2) is not None
        with doors.tenant_transaction(kept.database, Role.OWNER, made.id) as connection:
            found = verify_chain(trail.segments(connection, kept.database, made.id, kept.trusted), kept.trusted)
            read = trail.read_after(connection, kept.database, made.id, (0, str(UUID(int=0))), 10)
        assert (found.findings, found.entries, found.seals) == ([], 6, 3)
        assert [row["actor_id"] for row in read] == [f"u{number}" for number in range(6)]
    finally:
        delete_tenant(doors, made)


CHANGES = {
    "action": "'lead.delete'",
    "actor_id": "'somebody else'",
    "actor_kind": "'system'",
    "details": '\'{"after": {"number": 0, "amount": 1.50}}\'',
    "occurred_at": "occurred_at - interval '1 microsecond'",
    "item_ids": "array[gen_random_uuid()]",
    "outcome": "'refused'",
    "recorded_by": "'tekup_owner'",
    "xid": "'4611686018427387904'::xid8",
    "purpose": "''",
}


@pytest.mark.parametrize("column", CHANGES)
@pytest.mark.parametrize("place", [0, 7, -1])
def test_a_changed_entry_is_named(tampering: psycopg.Connection[Any], kept: Kept, column: str, place: int) -> None:
    chosen = entry_ids(tampering, kept)[place]
    done = tampering.execute(f"update {kept.table} set {column} = {CHANGES[column]} where id = %s".encode(), (chosen,))
    assert done.rowcount == 1
    finding = verify(tampering, kept).findings[0]
    assert (finding.fault, finding.entry_id) == (Fault.CHANGED, chosen)


@pytest.mark.parametrize("place", [0, 4, 5, 7, -1])
def test_a_removed_entry_is_named(tampering: psycopg.Connection[Any], kept: Kept, place: int) -> None:
    chosen = entry_ids(tampering, kept)[place]
    tampering.execute(f"delete from {kept.table} where id = %s".encode(), (chosen,))
    finding = verify(tampering, kept).findings[0]
    assert (finding.fault, finding.entry_id) == (Fault.REMOVED, chosen)


@pytest.mark.parametrize("place", [0, 7, -1])
def test_an_inserted_entry_is_named(tampering: psycopg.Connection[Any], kept: Kept, place: int) -> None:
    model, forged = entry_ids(tampering, kept)[place], uuid4()
    tampering.execute(
        f"insert into {kept.table} (tenant_id, id, actor_kind, actor_id, action, xid) "
        f"select tenant_id, %s, actor_kind, 'forged', action, xid from {kept.table} where id = %s".encode(),
        (forged, model),
    )
    (finding,) = verify(tampering, kept).findings
    assert (finding.fault, finding.entry_id) == (Fault.INSERTED, forged)


def test_entries_that_changed_places_are_named(tampering: psycopg.Connection[Any], kept: Kept) -> None:
    first, *_, last = entry_ids(tampering, kept)
    for source, target in ((first, uuid4()), (last, first)):
        tampering.execute(f"update {kept.table} set id = %s where id = %s".encode(), (target, source))
    findings = verify(tampering, kept).findings
    assert {finding.fault for finding in findings} == {Fault.CHANGED, Fault.REMOVED, Fault.INSERTED}
    assert findings[0].entry_id == first


def test_a_removed_seal_is_named(tampering: psycopg.Connection[Any], kept: Kept) -> None:
    tampering.execute(f"delete from {kept.seals} where tenant_id = %s and number = 2".encode(), (kept.tenant.id,))
    finding = verify(tampering, kept).findings[0]
    assert (finding.fault, finding.seal) == (Fault.SEAL_MISSING, 2)


def test_a_trail_that_was_cut_at_its_end_is_found_by_its_heads(tampering: psycopg.Connection[Any], kept: Kept) -> None:
    last = max(kept.heads)
    for table, where in ((kept.seals, "number = %s"), (kept.table, "xid >= (select horizon from {0} where {1})")):
        below = f"tenant_id = '{kept.tenant.id}' and number = {last - 1}"
        condition = where.format(kept.seals, below)
        parameters = (kept.tenant.id, last) if "%s" in condition else (kept.tenant.id,)
        tampering.execute(f"delete from {table} where tenant_id = %s and {condition}".encode(), parameters)
    (finding,) = verify(tampering, kept).findings
    assert (finding.fault, finding.seal) == (Fault.TRUNCATED, last)


SEAL_CHANGES = {
    "leaves": "leaves[2:2] || leaves[1:1] || leaves[3:]",
    "entry_ids": "entry_ids[2:2] || entry_ids[1:1] || entry_ids[3:]",
    "root": "sha256(root)",
    "previous": "sha256(previous)",
    "sealed_at": "sealed_at - interval '1 day'",
    "signature": "sha256(signature) || sha256(root)",
    "number": "number + 100",
}


@pytest.mark.parametrize("column", SEAL_CHANGES)
def test_a_changed_seal_is_named(tampering: psycopg.Connection[Any], kept: Kept, column: str) -> None:
    statement = f"update {kept.seals} set {column} = {SEAL_CHANGES[column]} where tenant_id = %s and number = 2"
    assert tampering.execute(statement.encode(), (kept.tenant.id,)).rowcount == 1
    finding = verify(tampering, kept).findings[0]
    assert finding.seal == 2
    assert finding.fault in (Fault.SEAL_CHANGED, Fault.SEAL_MISSING, Fault.CHANGED)


def test_a_trail_that_was_sealed_anew_with_another_key_is_refused(
    tampering: psycopg.Connection[Any], kept: Kept
) -> None:
    tampering.execute(f"delete from {kept.seals} where tenant_id = %s".encode(), (kept.tenant.id,))
    sealed = trail.seal_next(tampering, kept.database, kept.tenant.id, SealingKey(b"f" * 32))
    assert sealed is not None
    assert Fault.UNKNOWN_KEY in {finding.fault for finding in verify(tampering, kept).findings}


def test_a_removal_that_nobody_signed_counts_for_nothing(tampering: psycopg.Connection[Any], kept: Kept) -> None:
    removal = trail.Tables(kept.database).removal
    forged = SealingKey(b"f" * 32)
    tampering.execute(
        f"insert into {removal} (tenant_id, through, removed_at, key_id, signature) "
        "values (%s, 1, now(), %s, %s)".encode(),
        (kept.tenant.id, kept.key.key_id, forged.sign_removal(b"x")),
    )
    tampering.execute(f"delete from {kept.table} where tenant_id = %s".encode(), (kept.tenant.id,))
    assert {finding.fault for finding in verify(tampering, kept).findings} == {Fault.REMOVED}


def made_segments(lengths: list[int], key: SealingKey) -> list[Segment]:
    """A chain in memory."""
    previous, segments, tenant_id = FIRST_PREVIOUS, [], UUID(int=7)
    for number, length in enumerate(lengths, 1):
        stored = []
        for position in range(length):
            entry_id = uuid7()
            stored.append(Stored(entry_id, canonical({"id": str(entry_id), "n": position, "seal": number})))
        leaves = tuple(leaf_of(one.content) for one in stored)
        bare = Sealed(
            "operational", tenant_id, number, number * 10, tuple(one.id for one in stored), leaves, root_of(leaves),
            previous, "2026-01-01T00:00:00.000000Z", key.key_id, b"",
        )  # fmt: skip
        seal = replace(bare, signature=key.sign_seal(bare.statement()))
        segments.append(Segment(seal, stored))
        previous = seal.head()
    return segments


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.data())
def test_any_one_change_to_an_exported_file_is_found_at_its_place(lengths: list[int], data: st.DataObject) -> None:
    key = SealingKey(b"s" * 32)
    lines = list(sealed_lines(made_segments(lengths, key)))
    trusted = TrustedKeys([key.public])
    assert verify_chain(read_segments(lines), trusted).is_intact
    entries = [i for i, line in enumerate(lines) if line.startswith(b'{"entry"')]
    place = data.draw(st.sampled_from(entries))
    entry_id = UUID(orjson.loads(lines[place])["entry"]["id"])
    kind = data.draw(st.sampled_from(["change", "remove", "swap", "double", "insert"]))
    altered = copy.copy(lines)
    if kind == "change":
        altered[place] = lines[place].replace(b'"n":', b'"n":1')
    elif kind == "remove":
        del altered[place]
    elif kind == "double":
        altered.insert(place, lines[place])
    elif kind == "insert":
        altered.insert(place, lines[place].replace(str(entry_id).encode(), str(uuid4()).encode()))
    elif place + 1 in entries:
        altered[place], altered[place + 1] = lines[place + 1], lines[place]
    else:
        return
    report = verify_chain(read_segments(altered), trusted)
    expected = {
        "change": Fault.CHANGED, "remove": Fault.REMOVED, "swap": Fault.REORDERED, "double": Fault.REORDERED,
        "insert": Fault.INSERTED,
    }  # fmt: skip
    assert report.findings[0].fault == expected[kind]
    if kind in ("change", "remove"):
        assert report.findings[0].entry_id == entry_id


@given(st.permutations(range(4)))
def test_seals_in_another_order_are_found(order: list[int]) -> None:
    key = SealingKey(b"s" * 32)
    segments = made_segments([1, 2, 3, 1], key)
    report = verify_chain([segments[i] for i in order], TrustedKeys([key.public]))
    assert report.is_intact == (order == sorted(order))


def test_heads_of_many_tenants_share_a_file_and_a_torn_line_is_passed_over(tmp_path: Any) -> None:
    key = SealingKey(b"s" * 32)
    seals = [one.seal for one in made_segments([1, 1], key)]
    path = tmp_path / "audit" / "heads.jsonl"
    append_heads(path, seals[:1])
    append_heads(path, seals[1:])
    path.write_text(path.read_text() + '{"database": "operat')
    assert read_heads(path, Database.OPERATIONAL, UUID(int=7)) == {1: seals[0].head(), 2: seals[1].head()}
    assert read_heads(path, Database.WAREHOUSE, UUID(int=7)) == {}


def test_the_offline_verifier_needs_the_file_and_the_public_key_alone(
    doors: Doors, kept: Kept, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "trail.jsonl"
    with doors.tenant_transaction(kept.database, Role.OWNER, kept.tenant.id) as connection:
        path.write_bytes(
            b"".join(sealed_lines(trail.segments(connection, kept.database, kept.tenant.id, kept.trusted)))
        )
    monkeypatch.setenv("TEKUP_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    arguments = ["verify", "--file", str(path), "--public-key", kept.key.public.hex()]
    good = CliRunner().invoke(audit, arguments, standalone_mode=False)
    assert good.return_value == 0
    assert f"intact: {ENTRIES} entries" in good.output
    path.write_bytes(path.read_bytes().replace(b'"actor_id":"u3"', b'"actor_id":"u4"'))
    bad = CliRunner().invoke(audit, arguments, standalone_mode=False)
    assert bad.return_value == 1
    assert "changed" in bad.output
    stranger = [*arguments[:-1], SealingKey(b"f" * 32).public.hex()]
    assert "unknown key" in CliRunner().invoke(audit, stranger, standalone_mode=False).output
