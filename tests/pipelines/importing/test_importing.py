"""Files become rows whole or not at all, and what is rejected is told by line and reason."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter
from click.testing import CliRunner, Result

from pipelines.commands.import_file import import_file as import_command
from pipelines.importing import loading
from pipelines.importing.loading import import_file, row_id
from pipelines.importing.mapping import Map, read_map
from pipelines.importing.shapes import Options, Reject
from tekup.db import Database, Doors, Role
from tekup.errors import BadInput
from tekup.settings import Settings
from tests.fixtures.database import TwoTenants
from tests.paths import ROOT, shared

MAPS = ROOT / "pipelines" / "importing" / "maps"


@pytest.fixture(autouse=True)
def clean(doors: Doors, two_tenants: TwoTenants) -> Iterator[None]:
    yield
    for tenant in (two_tenants.a, two_tenants.b):
        with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, tenant.id) as connection:
            for table in ("deals", "stages", "pipelines", "touchpoints", "leads", "campaign_spend", "campaigns"):
                connection.execute(f"delete from app.{table}")


def rows(doors: Doors, two_tenants: TwoTenants, query: str) -> list[tuple[object, ...]]:
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, two_tenants.a.id) as connection:
        return connection.execute(query.encode()).fetchall()


def write(folder: Path, text: str, name: str = "leads.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_good_file_is_loaded_and_loading_it_again_changes_nothing(
    doors: Doors, two_tenants: TwoTenants, tmp_path: Path
) -> None:
    path = write(
        tmp_path,
        "key,created_at,source,email,employee_count,has_marketing_consent\n"
        "1,2026-01-02,Paid Search,a@b.dk,12,ja\n2,02-01-2026 ,newsletter,,,no\n",
    )
    assert import_file(doors, two_tenants.a.id, "leads", path, Map()).rows == 2
    query = (
        "select source, email, employee_count, has_marketing_consent, created_at::date::text, changed_xid::text "
        "from app.leads order by source"
    )
    first = rows(doors, two_tenants, query)
    assert [row[:5] for row in first] == [
        ("email", None, None, False, "2026-01-02"),
        ("paid_search", "a@b.dk", 12, True, "2026-01-02"),
    ]
    import_file(doors, two_tenants.a.id, "leads", path, Map())
    assert rows(doors, two_tenants, query) == first


def test_one_bad_row_loads_nothing_and_each_is_told_with_its_line(
    doors: Doors, two_tenants: TwoTenants, tmp_path: Path
) -> None:
    path = write(
        tmp_path,
        "key,created_at,source,status\n1,2026-01-01,email,new\n2,yesterday,email,new\n3,2026-01-01,telepathy,sold\n"
        ",2026-01-01,email,new\n1,2026-01-01,email,new\n",
    )
    done = import_file(doors, two_tenants.a.id, "leads", path, Map())
    assert done.rows == 0
    assert rows(doors, two_tenants, "select count(*) from app.leads") == [(0,)]
    told = {reject.line: reject.reason for reject in done.rejects}
    assert list(told) == [3, 4, 5, 6]
    assert told[3] == "created_at: 'yesterday' is not a time"
    assert "source: 'telepathy' is not one of paid_search" in told[4]
    assert "status: 'sold' is not one of new" in told[4]
    assert told[5] == "key is empty"
    assert told[6] == "the same key stands in line 2"


def test_skip_bad_loads_the_others(doors: Doors, two_tenants: TwoTenants, tmp_path: Path) -> None:
    path = write(tmp_path, "key;created_at\n1;2026-01-01\n2;never\n")
    done = import_file(doors, two_tenants.a.id, "leads", path, Map(), skip_bad=True)
    assert (done.rows, [reject.line for reject in done.rejects]) == (1, [3])


def test_the_same_file_of_two_tenants_makes_different_rows(
    doors: Doors, two_tenants: TwoTenants, tmp_path: Path
) -> None:
    path = write(tmp_path, "key,created_at\n1,2026-01-01\n")
    for tenant in (two_tenants.a, two_tenants.b):
        import_file(doors, tenant.id, "leads", path, Map())
    assert rows(doors, two_tenants, "select id from app.leads") == [(row_id(two_tenants.a.id, "leads", "1"),)]


def test_a_second_file_leaves_alone_what_it_does_not_know(
    doors: Doors, two_tenants: TwoTenants, tmp_path: Path
) -> None:
    import_file(doors, two_tenants.a.id, "leads", write(tmp_path, "key,created_at,status\n1,2026-01-01,won\n"), Map())
    import_file(doors, two_tenants.a.id, "leads", write(tmp_path, "key,created_at,email\n1,2026-01-01,a@b.dk\n"), Map())
    assert rows(doors, two_tenants, "select status, email from app.leads") == [("won", "a@b.dk")]


@pytest.mark.parametrize("ending", ["parquet", "jsonl"])
def test_parquet_and_jsonl_are_read_too(doors: Doors, two_tenants: TwoTenants, tmp_path: Path, ending: str) -> None:
    frame = pl.DataFrame({"nr": [1, 2], "when": ["2026-01-01T10:00:00Z", "2026-01-02 11:00:00"]})
    path = tmp_path / f"leads.{ending}"
    frame.write_parquet(path) if ending == "parquet" else frame.write_ndjson(path)
    chosen = Map(columns={"key": "nr", "created_at": "when"}, constants={"source": "referral"})
    assert import_file(doors, two_tenants.a.id, "leads", path, chosen).rows == 2
    assert rows(doors, two_tenants, "select distinct source from app.leads") == [("referral",)]


def test_a_dry_run_shows_what_would_land_and_writes_nothing(
    doors: Doors, two_tenants: TwoTenants, tmp_path: Path
) -> None:
    path = tmp_path / "leads.csv"
    text = "Key;Created At;Full name;Beløb;Sælger\n1;02-01-2026;Søren Ågård;1.234,50;x\n2;aldrig;Åse;2,5;y\n"
    path.write_bytes(text.encode("cp1252"))
    chosen = Map(columns={"value_cents": "Beløb"}, factors={"value_cents": 100}, constants={"currency": "DKK"})
    done = import_file(doors, two_tenants.a.id, "leads", path, chosen, dry_run=True)
    assert (done.rows, done.good) == (0, 1)
    assert rows(doors, two_tenants, "select count(*) from app.leads") == [(0,)]
    assert done.columns == {
        "key": "Key",
        "created_at": "Created At",
        "full_name": "Full name",
        "value_cents": "Beløb",
    }
    assert done.ignored == ("Sælger",)
    assert done.rejects == [Reject(3, "created_at (column 'Created At'): 'aldrig' is not a time")]
    assert "separator: semicolon" in done.detected
    assert "value_cents: decimal comma" in done.detected
    (landing,) = done.preview.iter_rows(named=True)
    told = {name: landing[name] for name in ("line", "full_name", "value_cents", "currency", "status")}
    assert told == {
        "line": 2,
        "full_name": "Søren Ågård",
        "value_cents": 123_450,
        "currency": "DKK",
        "status": "new",
    }


def test_a_dry_run_shows_ten_rows_and_none_that_is_rejected_later(
    doors: Doors, two_tenants: TwoTenants, tmp_path: Path
) -> None:
    lines = [f"{number // 2},2026-01-01" for number in range(60)]
    path = write(tmp_path, "key,created_at\n" + "\n".join(lines) + "\n")
    done = import_file(doors, two_tenants.a.id, "leads", path, Map(), dry_run=True)
    assert (done.good, len(done.rejects)) == (30, 30)
    assert done.preview["line"].to_list() == list(range(2, 22, 2))


def test_a_file_of_many_batches_is_loaded_whole_and_a_key_is_known_in_all_of_them(
    doors: Doors, two_tenants: TwoTenants, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.importing.texts.BATCH_ROWS", 7)
    lines = [f"{number},2026-01-01,{number}" for number in range(50)]
    path = write(tmp_path, "\n".join(["key,created_at,employee_count", *lines, "3,2026-01-01,1", "x,2026-01-01,-1"]))
    done = import_file(doors, two_tenants.a.id, "leads", path, Map(), skip_bad=True)
    assert done.rows == 50
    assert done.rejects == [
        Reject(52, "the same key stands in line 5"),
        Reject(53, "employee_count: '-1' is not a whole number"),
    ]
    assert rows(doors, two_tenants, "select count(*), sum(employee_count)::int from app.leads") == [(50, 1225)]


def test_a_file_that_changes_while_it_is_read_leaves_nothing_behind(
    doors: Doors, two_tenants: TwoTenants, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, "key,created_at\n1,2026-01-01\n2,2026-01-01\n")
    upsert = loading.upsert

    def spoil(*arguments: object) -> None:
        upsert(*arguments)  # type: ignore[arg-type]
        write(tmp_path, "key,created_at\n1,2026-01-01\n3,2026-01-01\n")

    monkeypatch.setattr(loading, "upsert", spoil)
    with pytest.raises(BadInput, match=r"leads.csv changed while it was read; nothing is loaded"):
        import_file(doors, two_tenants.a.id, "leads", path, Map())
    assert rows(doors, two_tenants, "select count(*) from app.leads") == [(0,)]


def test_an_amount_in_whole_currency_without_a_factor_is_asked_about(
    doors: Doors, two_tenants: TwoTenants, tmp_path: Path
) -> None:
    path = write(tmp_path, "key,created_at,value_cents\n1,2026-01-01,99.50\n")
    (reject,) = import_file(doors, two_tenants.a.id, "leads", path, Map()).rejects
    assert reject.reason.startswith("value_cents: '99.50' is not a whole number (for an amount in whole currency")


def test_what_the_database_can_not_hold_is_a_reject(doors: Doors, two_tenants: TwoTenants, tmp_path: Path) -> None:
    text = "key,created_at,employee_count,value_cents,full_name\n1,2026-01-01,3000000000,,\n"
    path = write(tmp_path, text + '2,2026-01-01,,1e30,\n3,2026-01-01,,,"a\x00b"\n')
    done = import_file(doors, two_tenants.a.id, "leads", path, Map(), options=Options(encoding="utf-8"))
    assert [reject.line for reject in done.rejects] == [2, 3, 4]
    assert "NUL" in done.rejects[2].reason


def test_an_excel_sheet_lands_as_the_same_rows_as_a_csv(doors: Doors, two_tenants: TwoTenants, tmp_path: Path) -> None:
    path = tmp_path / "spend.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Campaign", "Channel", "Spend date", "Amount", "Currency"])
        for row, (day, amount) in enumerate([(1, 10.5), (2, 1.125)], 1):
            sheet.write_row(row, 0, ["Forår", "Display", None, amount, "dkk"])
            sheet.write_datetime(row, 2, datetime(2026, 3, day), book.add_format({"num_format": "dd-mm-yyyy"}))
    chosen = Map(columns={"amount_cents": "Amount"}, factors={"amount_cents": 100})
    for _ in range(2):
        assert import_file(doors, two_tenants.a.id, "spend", path, chosen).rows == 2
    found = rows(doors, two_tenants, "select spend_date::text, amount_cents from app.campaign_spend order by 1")
    assert found == [("2026-03-01", 1050), ("2026-03-02", 112)]


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"decimal": ";"}, "decimal must be"),
        ({"date_order": "ymd"}, "date_order must be"),
        ({"timezone": "Europe/Aarhus"}, "there is no timezone"),
        ({"factors": {"value_cents": "100"}}, "must be a number"),
        ({"columns": ["a"]}, "columns must be an object"),
        ({"formats": {"created_at": "%d/%m/%Y %H"}}, "the format of created_at"),
        ({"formats": {"created_at": 7}}, "the format of created_at"),
        ([1], "can't be used"),
    ],
)
def test_a_map_that_makes_no_sense_is_told(tmp_path: Path, parts: object, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        read_map(write(tmp_path, json.dumps(parts), "map.json"))


def _command(settings: Settings, *arguments: str | Path) -> Result:
    environment = {"TEKUP_HOME": str(settings.home)}
    for name in ("database_url", "warehouse_url"):
        if value := getattr(settings, name):
            environment[f"TEKUP_{name.upper()}"] = str(value)
    return CliRunner().invoke(import_command, [str(argument) for argument in arguments], env=environment)


def test_the_command_shows_a_dry_run_loads_and_refuses(
    doors: Doors, settings: Settings, two_tenants: TwoTenants, tmp_path: Path
) -> None:
    tenant = str(two_tenants.a.id)
    path = write(tmp_path, "key;created_at;note\n1;02-01-2026;x\n2;never;y\n")
    dry = _command(settings, tenant, "leads", path, "--dry-run", "--separator", "semicolon")
    assert dry.exit_code == 0, dry.output
    assert "ignored columns: note" in dry.output
    assert "line 2: key=1  created_at=2026-01-02 00:00:00+00:00" in dry.output
    assert "line 3: created_at: 'never' is not a time" in dry.output
    assert "dry run: 1 leads would land, 1 rejected; nothing is written" in dry.output
    assert _command(settings, tenant, "leads", path).exit_code == 6
    assert rows(doors, two_tenants, "select count(*) from app.leads") == [(0,)]
    listed = tmp_path / "rejects.csv"
    done = _command(settings, tenant, "leads", path, "--skip-bad", "--rejects", listed)
    assert "1 leads of Alfa ApS are loaded, 1 rejected" in done.output
    assert listed.read_text() == "line,reason\n3,created_at: 'never' is not a time\n"
    assert rows(doors, two_tenants, "select count(*) from app.leads") == [(1,)]


def test_spend_makes_its_campaigns(doors: Doors, two_tenants: TwoTenants, tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "campaign,channel,spend_date,amount_cents,currency\nSpring,display,2026-03-01,1050,dkk\nSpring,display,2026-03-02,950,DKK\n",
    )
    assert import_file(doors, two_tenants.a.id, "spend", path, Map()).rows == 2
    found = rows(
        doors,
        two_tenants,
        "select c.name, c.channel, sum(s.amount_cents)::int, min(s.currency) from app.campaign_spend s "
        "join app.campaigns c on c.id = s.campaign_id group by 1, 2",
    )
    assert found == [("Spring", "display", 2000, "DKK")]


def test_a_won_deal_closes_its_lead_and_an_unknown_lead_is_a_reject(
    doors: Doors, two_tenants: TwoTenants, tmp_path: Path
) -> None:
    import_file(doors, two_tenants.a.id, "leads", write(tmp_path, "key,created_at\nL1,2026-01-01\n"), Map())
    deals = write(
        tmp_path,
        "key,created_at,lead_key,name,amount_cents,currency,status,closed_at\n"
        "D1,2026-01-02,L1,Deal,5000,DKK,won,2026-02-01\nD2,2026-01-02,L9,Deal,1,DKK,open,\n",
        "deals.csv",
    )
    done = import_file(doors, two_tenants.a.id, "deals", deals, Map(), skip_bad=True)
    assert [(reject.line, reject.reason) for reject in done.rejects] == [
        (3, "lead_key: no lead was imported with the key 'L9'")
    ]
    assert rows(doors, two_tenants, "select status, value_cents, won_at::date::text from app.leads") == [
        ("won", 5000, "2026-02-01")
    ]


@pytest.mark.parametrize(
    ("text", "chosen", "told"),
    [
        ("a,b\n1,2\n", Map(), "need the field key"),
        ("key,created_at\n", Map(), "holds no rows"),
        ("key,created_at\n1,2026-01-01\n", Map(columns={"email": "mail"}), "no column 'mail'"),
        ("key,created_at\n1,2026-01-01\n", Map(constants={"colour": "red"}), "no field 'colour'"),
    ],
)
def test_a_file_or_map_that_can_not_be_used_is_told(
    doors: Doors, two_tenants: TwoTenants, tmp_path: Path, text: str, chosen: Map, told: str
) -> None:
    with pytest.raises(BadInput, match=told):
        import_file(doors, two_tenants.a.id, "leads", write(tmp_path, text), chosen)


@pytest.mark.parametrize(("name", "told"), [("leads.xml", "unknown kind"), ("absent.csv", "no file")])
def test_a_missing_or_strange_file_is_told(
    doors: Doors, two_tenants: TwoTenants, tmp_path: Path, name: str, told: str
) -> None:
    if name == "leads.xml":
        write(tmp_path, "<leads/>", name)
    with pytest.raises(BadInput, match=told):
        import_file(doors, two_tenants.a.id, "leads", tmp_path / name, Map())


def test_a_map_that_is_no_json_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="can't be used"):
        read_map(write(tmp_path, json.dumps({"colums": {}}), "map.json"))


def test_the_real_marketing_funnel_is_loaded(doors: Doors, two_tenants: TwoTenants) -> None:
    for entity, name, count in (
        ("leads", "olist_mql.csv.gz", 8000),
        ("touchpoints", "olist_mql.csv.gz", 8000),
        ("deals", "olist_closed_deals.csv.gz", 842),
    ):
        chosen = read_map(MAPS / f"olist_{entity}.json")
        done = import_file(doors, two_tenants.a.id, entity, shared(f"data/{name}"), chosen)
        assert (done.rows, done.rejects) == (count, [])
    assert rows(doors, two_tenants, "select count(*) from app.leads where status = 'won'") == [(842,)]
