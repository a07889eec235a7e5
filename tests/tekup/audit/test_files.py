"""Entries for a SIEM have the fields that OCSF and ECS require; exports go on, removals leave the rest intact.

The schemas hold what the published ones require of these events: OCSF 1.5.0's class API Activity with its objects
(schema.ocsf.io/1.5.0/classes/api_activity) and ECS 8.17's categorisation fields.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator, FormatChecker

from tekup.audit import Entry, trail
from tekup.audit.files import to_ecs, to_ocsf
from tekup.audit.heads import append_heads
from tekup.audit.sealing import remove_old, seal_all, verify_tenant
from tekup.audit.seals import TrustedKeys
from tekup.clock import utc_now
from tekup.commands.audit import audit
from tekup.db import Database, Doors, Role
from tekup.directory.tenants import Tenant, create_tenant, delete_tenant

STRING = {"type": "string", "minLength": 1}
OCSF = {
    "type": "object",
    "required": [
        "activity_id",
        "actor",
        "api",
        "category_uid",
        "class_uid",
        "metadata",
        "severity_id",
        "src_endpoint",
        "time",
        "type_uid",
    ],
    # a closed world: an attribute that the class does not have would be a validation error there
    "additionalProperties": False,
    "properties": {
        "activity_id": {"enum": [0, 1, 2, 3, 4, 99]},
        "activity_name": STRING,
        "actor": {
            "type": "object",
            "minProperties": 1,
            "properties": {
                "user": {
                    "type": "object",
                    "anyOf": [{"required": [one]} for one in ("account", "name", "uid")],
                    "properties": {"uid": STRING, "type": STRING, "type_id": {"enum": [0, 1, 2, 3, 4, 99]}},
                    "additionalProperties": False,
                }
            },
            "additionalProperties": False,
        },
        "api": {
            "type": "object",
            "required": ["operation"],
            "properties": {
                "operation": STRING,
                "request": {"type": "object", "required": ["uid"], "properties": {"uid": STRING}},
            },
            "additionalProperties": False,
        },
        "category_uid": {"const": 6},
        "class_uid": {"const": 6003},
        "metadata": {
            "type": "object",
            "required": ["product", "version"],
            "properties": {
                "product": {
                    "type": "object",
                    "required": ["vendor_name"],
                    "properties": {"name": STRING, "vendor_name": STRING},
                    "additionalProperties": False,
                },
                "version": {"const": "1.5.0"},
                "uid": STRING,
                "tenant_uid": STRING,
                "correlation_uid": STRING,
            },
            "additionalProperties": False,
        },
        "severity_id": {"enum": [0, 1, 2, 3, 4, 5, 6, 99]},
        "src_endpoint": {
            "type": "object",
            "anyOf": [{"required": [one]} for one in ("ip", "uid", "name", "hostname", "svc_name", "instance_uid")],
            "properties": {"ip": {"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}, "name": STRING},
            "additionalProperties": False,
        },
        "status_id": {"enum": [0, 1, 2, 99]},
        "time": {"type": "integer", "minimum": 1_700_000_000_000},
        "type_uid": {"enum": [600_300 + one for one in (0, 1, 2, 3, 4, 99)]},
        "unmapped": {"type": "object"},
    },
    # the sibling's text is required where the number says "other"
    "if": {"properties": {"activity_id": {"const": 99}}},
    "then": {"required": ["activity_name"]},
}
ECS_TYPES = {
    "api": {
        "access", "admin", "allowed", "change", "creation", "deletion", "denied", "end", "info", "start", "user",
    },
    "database": {"access", "change", "info", "error"},
}  # fmt: skip
ECS = {
    "type": "object",
    "required": ["@timestamp", "ecs", "event"],
    "properties": {
        "@timestamp": {"type": "string", "format": "date-time"},
        "ecs": {"type": "object", "required": ["version"], "properties": {"version": {"const": "8.17.0"}}},
        "event": {
            "type": "object",
            "required": ["kind", "category", "type", "outcome", "action", "id"],
            "properties": {
                "kind": {
                    "enum": ["alert", "asset", "enrichment", "event", "metric", "state", "pipeline_error", "signal"]
                },
                "category": {"type": "array", "minItems": 1, "items": {"enum": list(ECS_TYPES)}},
                "type": {"type": "array", "minItems": 1},
                "outcome": {"enum": ["failure", "success", "unknown"]},
            },
        },
        "source": {"properties": {"ip": {"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}}},
    },
}
FORMATS = FormatChecker()


@pytest.fixture(scope="module")
def tenant(doors: Doors) -> Iterator[Tenant]:
    made = create_tenant(doors, "Siem ApS", "siem.example")
    yield made
    delete_tenant(doors, made)


def told(tenant: Tenant) -> list[Entry]:
    """An entry of every kind: who, what, how it ended, from where."""
    found = []
    for kind in ("user", "token", "system", "analyst", "anonymous"):
        for action in ("read", "write", "lead.create", "lead.delete", "user.sign_in", "sql.read", "token.revoke"):
            for outcome in ("done", "refused", "failed"):
                for address in (None, "192.0.2.7", "2001:db8::1", "local", "unknown"):
                    found.append(
                        Entry(
                            tenant_id=tenant.id, actor_kind=kind, actor_id="x", action=action, outcome=outcome,  # type: ignore[arg-type]
                            address=address, details={"after": {"n": 1}}, item_count=3 if action == "read" else None,
                        )
                    )  # fmt: skip
    return found


@pytest.fixture(scope="module")
def stored(doors: Doors, tenant: Tenant) -> list[dict[str, str]]:
    """The entries as the database says them."""
    with doors.tenant_transaction(Database.WAREHOUSE, Role.APP, tenant.id) as connection:
        for entry in told(tenant):
            trail.append(connection, Database.WAREHOUSE, entry)
    with doors.tenant_transaction(Database.WAREHOUSE, Role.OWNER, tenant.id) as connection:
        return trail.read_after(connection, Database.WAREHOUSE, tenant.id, (0, str(tenant.id)), 10_000)


def test_ocsf_has_what_api_activity_requires(stored: list[dict[str, str]]) -> None:
    check = Draft202012Validator(OCSF, format_checker=FORMATS)
    assert len(stored) == 5 * 7 * 3 * 5
    for entry in stored:
        event = to_ocsf(entry)
        assert [error.message for error in check.iter_errors(event)] == [], event
        assert event["type_uid"] == event["class_uid"] * 100 + event["activity_id"]
        assert event["status_id"] == (1 if entry["outcome"] == "done" else 2)
    activities = {entry["action"]: to_ocsf(entry)["activity_id"] for entry in stored}
    assert activities == {
        "read": 2, "sql.read": 2, "write": 3, "lead.create": 1, "lead.delete": 4, "token.revoke": 4, "user.sign_in": 99,
    }  # fmt: skip


def test_ecs_has_its_categories_with_the_types_that_they_expect(stored: list[dict[str, str]]) -> None:
    check = Draft202012Validator(ECS, format_checker=FORMATS)
    for entry in stored:
        event = to_ecs(entry)
        assert [error.message for error in check.iter_errors(event)] == [], event
        (category,) = event["event"]["category"]
        assert set(event["event"]["type"]) <= ECS_TYPES[category], event["event"]
        if entry["outcome"] == "refused" and category == "api":
            assert "denied" in event["event"]["type"]


def test_a_fault_in_an_event_would_be_seen(stored: list[dict[str, str]]) -> None:
    good = to_ocsf(stored[0])
    for broken in (
        {name: value for name, value in good.items() if name != "src_endpoint"},
        good | {"actor": {}},
        good | {"src_endpoint": {"ip": "local"}},
        good | {"activity_id": 99},
        good | {"made_up": 1},
    ):
        assert not Draft202012Validator(OCSF, format_checker=FORMATS).is_valid(broken)


@pytest.mark.parametrize("form", ["ocsf", "ecs"])
def test_an_export_goes_on_where_the_last_one_ended(
    doors: Doors,
    tenant: Tenant,
    stored: list[dict[str, str]],
    form: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tekup.commands.audit.prepared_doors", lambda: doors)
    state = tmp_path / "state.json"

    def export() -> set[str]:
        out = tmp_path / "out.jsonl"
        arguments = ["export", "--tenant", "siem.example", "--format", form, "--state", str(state), "--out", str(out)]
        done = CliRunner().invoke(audit, arguments, standalone_mode=False, catch_exceptions=False)
        assert done.exit_code == 0
        lines = [json.loads(line) for line in out.read_text().splitlines()]
        return {line["event"]["id"] if form == "ecs" else line["metadata"]["uid"] for line in lines}

    known = export()
    assert {entry["id"] for entry in stored} <= known
    assert export() == set()
    late = Entry(tenant_id=tenant.id, actor_kind="user", actor_id="late", action="read")
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant.id) as connection:
        trail.append(connection, Database.OPERATIONAL, late)
    assert export() == {str(late.id)}
    state.unlink()
    assert export() == {*known, str(late.id)}


def test_what_is_removed_after_its_time_leaves_a_trail_that_is_intact(doors: Doors, tmp_path: Path) -> None:
    kept = create_tenant(doors, "Gammel ApS", "gammel.example")
    key = trail.sealing_key(doors.master_key)
    trusted, heads = TrustedKeys([key.public]), tmp_path / "heads.jsonl"
    boundaries: list[datetime] = []
    try:
        for part in range(3):
            for database in Database:
                with doors.tenant_transaction(database, Role.APP, kept.id) as connection:
                    for number in range(4):
                        entry = Entry(
                            tenant_id=kept.id, actor_kind="user", actor_id=f"{part}-{number}", action="lead.change"
                        )
                        trail.append(connection, database, entry)
            append_heads(heads, list(seal_all(doors, [kept.id], key=key)))
            boundaries.append(utc_now())
        with doors.tenant_transaction(Database.WAREHOUSE, Role.APP, kept.id) as connection:
            trail.append(
                connection,
                Database.WAREHOUSE,
                Entry(tenant_id=kept.id, actor_kind="user", actor_id="unsealed", action="read"),
            )
        assert remove_old(doors, kept.id, before=boundaries[0] - timedelta(days=1), key=key) == 0
        assert remove_old(doors, kept.id, before=boundaries[1], key=key) == 2 * 2 * 4
        assert remove_old(doors, kept.id, before=boundaries[1], key=key) == 0
        for database, waiting in ((Database.OPERATIONAL, 0), (Database.WAREHOUSE, 1)):
            report, unsealed = verify_tenant(doors, database, kept.id, trusted, heads)
            assert (report.findings, report.entries, unsealed) == ([], 4, waiting)
            assert report.removed == 8
        # what waits for its seal does not go, whatever its age
        assert remove_old(doors, kept.id, before=datetime(2999, 1, 1, tzinfo=UTC), key=key) == 2 * 4
        report, unsealed = verify_tenant(doors, Database.WAREHOUSE, kept.id, trusted, heads)
        assert (report.findings, report.entries, unsealed) == ([], 0, 1)
    finally:
        delete_tenant(doors, kept)
