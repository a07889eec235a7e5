"""Whom a request names, and where persons are: what nobody declared turns this red."""

import re
from uuid import UUID

import psycopg
import pytest

from pipelines.privacy.warehouse import RAW, STORED
from tekup.db import Database, Doors, Role
from tekup.errors import BadInput
from tekup.privacy.mentions import needles_of
from tekup.privacy.operational import KEPT
from tekup.privacy.persons import Person, parse_subject
from tekup.privacy.relations import Column, Relation, read_relations

PERSONAL = re.compile(
    r"(^|_)(e?mail|phone|mobile|first_name|last_name|full_name|anonymous_id|cookie|lead_id|contact_id|person_id|"
    r"subject_id|payload|message|body|comment|address|birth|cpr|ip|user_agent|failed_rows?|features)(_|$)"
)
# where a person is found by another rule than the names of columns, and where there is none
OTHERWISE = {
    "app.events": "by the aggregate's id; the payload is emptied",
    "app.sessions": "an account's, and goes with it by its foreign key",
    "app.webhook_delivery": "by the objects that it hints at",
    "ops.check_failure": "by any identifier in the failed row",
    "ops.mart_hold": "the same, in the rows that hold a tenant",
    "ops.sync_run": "an error's text, which is swept",
}


def undeclared(relations: list[Relation]) -> list[str]:
    """Tables with a column that looks personal, in which no rule finds a person."""
    return [
        one.full_name
        for one in relations
        if any(PERSONAL.search(column.name) and not column.name.endswith("_count") for column in one.columns)
        and not one.names_persons
        and one.full_name not in KEPT
        and one.full_name not in OTHERWISE
        and one.schema not in RAW  # by stream: pipelines.sync.vendor_persons
    ]


def tables(connection: psycopg.Connection, schemas: tuple[str, ...]) -> list[Relation]:
    return read_relations(connection, schemas)


def test_every_table_with_personal_columns_is_one_where_persons_are_found(doors: Doors) -> None:
    found: list[Relation] = []
    for database, schemas in ((Database.OPERATIONAL, ("app",)), (Database.WAREHOUSE, (*STORED, *RAW))):
        with doors.connect(database, Role.OWNER) as connection:
            found += tables(connection, schemas)
    assert len(found) > 100
    assert undeclared(found) == []


def test_a_new_table_that_nobody_declared_is_told() -> None:
    kinds = (("tenant_id", "uuid"), ("visitor_phone", "text"))
    columns = tuple(Column(name, kind, is_required=True, is_generated=False) for name, kind in kinds)
    assert undeclared([Relation("app", "visits", columns)]) == ["app.visits"]
    known = (*columns, Column("lead_id", "uuid", is_required=False, is_generated=False))
    assert undeclared([Relation("app", "visits", known)]) == []


LEAD = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.mark.parametrize(
    ("subject", "ids"),
    [
        (" Anna@Firma.DK ", {"email": {"anna@firma.dk"}}),
        ("+45 71 93 48 26", {"phone": {"71934826"}}),
        (LEAD.upper(), {"lead": {LEAD}, "contact": {LEAD}}),
        ("hubspot:101", {"hubspot": {"101"}}),
        (f"person:lead:{LEAD}", {"person": {f"lead:{LEAD}"}}),
    ],
)
def test_a_subject_is_read(subject: str, ids: dict[str, set[str]]) -> None:
    assert parse_subject(subject).ids == ids


@pytest.mark.parametrize("subject", ["", "Anna", "name:Anna Hansen", "lead:7", "email:nobody"])
def test_what_names_nobody_is_refused(subject: str) -> None:
    with pytest.raises(BadInput, match="no identifier"):
        parse_subject(subject)


class TestMentions:
    PERSON = Person({
        "email": frozenset({"ab@firma.dk"}), "phone": frozenset({"71934826"}), "name": frozenset({"Anna Bo", "Anna"}),
    })  # fmt: skip

    @pytest.mark.parametrize(
        ("text", "left"),
        [
            ("Write to AB@firma.dk.", "Write to [erased]."),
            ("cab@firma.dk and ab@firma.dk.com are others", "cab@firma.dk and ab@firma.dk.com are others"),
            ("+45 71 93 48 26 or 71-93-48-26", "+45 [erased] or [erased]"),
            ("number 171934826 is another", "number 171934826 is another"),
            ("Anna met anna bo", "Anna met [erased]"),
        ],
    )
    def test_only_the_persons_own_words_go(self, text: str, left: str) -> None:
        needles = needles_of(self.PERSON)
        assert needles is not None
        assert needles.redact(text) == left
        assert needles.redact({text: [text, 1, None]}) == {left: [left, 1, None]}

    def test_what_another_bears_as_well_stays(self) -> None:
        needles = needles_of(self.PERSON, shared={"Anna Bo", "71934826"})
        assert needles is not None
        assert needles.redact("Anna Bo, 71934826, ab@firma.dk") == "Anna Bo, 71934826, [erased]"

    def test_nothing_known_finds_nothing(self) -> None:
        assert needles_of(Person({"lead": frozenset({str(UUID(int=1))})})) is None
