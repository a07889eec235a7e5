"""Views stay where they are while a build runs: left alone, or replaced in place, or made again where columns differ."""

from tekup.db import Database
from tests.dbt.conftest import Warehouse

QUALITY, FORMS = "marts.fct_quality_daily", "staging.stg_kit__forms"


def change(warehouse: Warehouse, statement: str) -> None:
    with warehouse.doors.all_tenants_transaction(Database.WAREHOUSE, reason="test: change a view") as connection:
        connection.execute(statement.encode())


def standing(warehouse: Warehouse, view: str) -> tuple[object, ...]:
    """The view itself, what it said, whom it answers with whose rights, and its columns."""
    (row,) = warehouse.rows(
        "select oid::text, obj_description(oid, 'pg_class'), reloptions, "
        "(select array_agg(distinct g.grantee::regrole::text order by g.grantee::regrole::text) "
        "from aclexplode(relacl) as g where g.privilege_type = 'SELECT'), "
        "(select array_agg(attname::text order by attnum) from pg_attribute where attrelid = c.oid) "
        f"from pg_class as c where oid = '{view}'::regclass"
    )
    return row


def writer(warehouse: Warehouse, view: str) -> object:
    """The transaction that last touched it in the catalogue."""
    return warehouse.rows(f"select xmin::text from pg_class where oid = '{view}'::regclass")


def test_a_view_that_already_says_this_is_not_touched(warehouse: Warehouse) -> None:
    before = [writer(warehouse, view) for view in (QUALITY, FORMS)]
    warehouse.build("run", "--select", "fct_quality_daily", "stg_kit__forms")
    assert [writer(warehouse, view) for view in (QUALITY, FORMS)] == before


def test_another_definition_with_the_same_columns_takes_its_place_without_a_new_view(warehouse: Warehouse) -> None:
    before = standing(warehouse, QUALITY)
    assert before[2:4] == (
        ["security_invoker=true"], ["tekup_all_tenants", "tekup_app", "tekup_pipeline", "tekup_reader"]
    )  # fmt: skip
    (shown,) = warehouse.rows(f"select count(*) from {QUALITY}")[0]
    change(warehouse, f"comment on view {QUALITY} is 'dbt before'")
    change(
        warehouse, f"create or replace view {QUALITY} as select * from ({definition(warehouse, QUALITY)}) v where false"
    )
    warehouse.build("run", "--select", "fct_quality_daily")
    assert standing(warehouse, QUALITY) == before
    assert warehouse.rows(f"select count(*) from {QUALITY}") == [(shown,)]


def definition(warehouse: Warehouse, view: str) -> str:
    """The view's query as the server tells it."""
    return str(warehouse.rows(f"select rtrim(pg_get_viewdef('{view}'::regclass), ';')")[0][0])


def test_other_columns_make_a_new_view_under_the_same_guards(warehouse: Warehouse) -> None:
    before = standing(warehouse, FORMS)
    change(warehouse, f"alter view {FORMS} rename column form_id to left_over")
    change(warehouse, f"comment on view {FORMS} is 'dbt before'")
    warehouse.build("run", "--select", "stg_kit__forms")
    after = standing(warehouse, FORMS)
    assert after[1:] == before[1:]
    assert after[0] != before[0]


def test_a_view_that_went_with_what_it_read_is_made_again(warehouse: Warehouse) -> None:
    before = standing(warehouse, FORMS)
    change(warehouse, f"drop view {FORMS}")
    warehouse.build("run", "--select", "stg_kit__forms")
    assert standing(warehouse, FORMS)[1:] == before[1:]
