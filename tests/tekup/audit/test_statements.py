"""Lines of a server's log become entries that hold what was asked and no value of it."""

import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tekup.audit.statements import entries_of, without_values
from tekup.directory.analysts import analyst_of, login_of

TENANT = UUID(int=7)
LINE = {
    "timestamp": "2026-11-29 07:27:54.718 UTC", "user": login_of(TENANT, "ida"), "pid": 18376,
    "remote_host": "192.0.2.9", "session_id": "6b0bd3fa.47c8", "line_num": 1, "ps": "idle", "error_severity": "LOG",
    "message": "statement: select 1 from marts.fct_lead", "application_name": "tool", "backend_type": "client backend",
}  # fmt: skip


def lines(**changes: object) -> list[bytes]:
    return [json.dumps(LINE | changes).encode() + b"\n"]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("select E'a\\'b', 'x''y', $$do$$, $t$a'b$t$, U&'d\\0061', B'1', 1.5e3, $1", "select ?, ?, ?, ?, ?, ?, ?, ?"),
        ('SELECT "Name" FROM t1 -- bob\n WHERE /* a /* b */ c */ x=1', 'select "Name" from t1 where x=?'),
        ("select 'open", "select ?"),
        ("select $$open", "select ?"),
        ("/* open", ""),
        (
            "declare c cursor for select * from marts.a where b = 'x'",
            "declare c cursor for select * from marts.a where b = ?",
        ),
        ("a->>'é' = N'ø'", "a->>? = ?"),
    ],
)
def test_values_and_comments_are_left_out(statement: str, told: str) -> None:
    assert without_values(statement) == told


@given(
    st.text(st.characters(exclude_characters="'\\\0", exclude_categories=["Cs"]), min_size=3), st.sampled_from("'E$")
)
def test_no_literal_is_told_whatever_it_holds(value: str, how: str) -> None:
    literal = {"'": f"'{value}'", "E": f"E'{value}'", "$": f"$tag${value}$tag$"}[how]
    if "$tag$" not in value:
        assert without_values(f"select x from t where y = {literal} and z") == "select x from t where y = ? and z"


def test_a_statement_a_failure_and_a_refusal() -> None:
    (done,) = entries_of(lines())
    assert (done.tenant_id, done.actor_kind, done.actor_id, done.outcome) == (TENANT, "analyst", "ida", "done")
    assert (done.entity_type, done.address, done.details["application"]) == ("fct_lead", "192.0.2.9", "tool")
    for code, outcome in (("42501", "refused"), ("42P01", "failed")):
        failed = {
            "error_severity": "ERROR",
            "state_code": code,
            "message": "no 'secret'",
            "statement": "select 'secret'",
        }
        (entry,) = entries_of(lines(**failed))
        assert (entry.outcome, entry.details["error"], entry.details["statement"]) == (outcome, code, "select ?")


def test_lines_of_others_and_of_control_alone_are_passed_over() -> None:
    for change in (
        {"user": "tekup_reader"}, {"user": "tekup_analyst_short_ida"}, {"message": "statement: BEGIN"},
        {"message": "statement: set app.role = 'x'"}, {"message": "disconnection: session time"},
    ):  # fmt: skip
        assert list(entries_of(lines(**change))) == []
    assert len(list(entries_of(lines(message="statement: begin; select 1; commit")))) == 1
    assert list(entries_of([b"tekup_analyst_ is in a torn line\n"])) == []


def test_a_share_is_told_and_what_failed_always() -> None:
    many = [line for number in range(400) for line in lines(line_num=number)]
    assert 120 < len(list(entries_of(many, 0.5))) < 280
    assert {one.id for one in entries_of(many, 0.5)} == {one.id for one in entries_of(many, 0.5)}
    assert list(entries_of(many, 0.0)) == []
    assert len(list(entries_of(lines(error_severity="ERROR", state_code="42501", statement="x"), 0.0))) == 1


@given(st.uuids(), st.from_regex(r"[a-z][a-z0-9_]{0,15}", fullmatch=True))
def test_a_log_ins_name_fits_and_tells_its_tenant(tenant_id: UUID, name: str) -> None:
    login = login_of(tenant_id, name)
    assert len(login) <= 63
    assert analyst_of(login) == (tenant_id, name)
    assert login[14:46] == tenant_id.hex  # where the policies look
