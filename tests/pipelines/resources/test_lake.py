"""The lake keeps each tenant's extracts under its own prefix, whole or not at all."""

from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest

from pipelines.resources.lake import Lake

A, B = uuid4(), uuid4()


def test_two_tenants_with_the_same_ids_keep_their_own_files(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    for tenant, name in ((A, "a"), (B, "b")):
        lake.write(tenant, "leads", pl.DataFrame({"lead_id": [1, 2], "name": [name, name]}))
    frame = lake.read(A, "leads")
    assert frame is not None
    assert frame["name"].to_list() == ["a", "a"]
    assert sorted(path.name for path in (tmp_path / str(A)).iterdir()) == ["leads.parquet"]


def test_an_extract_that_is_not_there_is_none_and_left_out(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    lake.write(A, "leads", pl.DataFrame({"lead_id": [1]}))
    assert lake.read(B, "leads") is None
    assert lake.query("leads", [A, B]).height == 1
    assert lake.query("leads", [B]).is_empty()


def test_extracts_of_different_age_go_together(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    lake.write(A, "leads", pl.DataFrame({"lead_id": [1], "source": ["email"]}))
    lake.write(B, "leads", pl.DataFrame({"source": ["direct"], "lead_id": [2], "country": ["DK"]}))
    frame = lake.query("leads", [A, B], "lead_id, source, country").sort("lead_id")
    assert frame.rows() == [(1, "email", None), (2, "direct", "DK")]


def test_forgetting_a_tenant_leaves_the_other(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    for tenant in (A, B):
        lake.write(tenant, "leads", pl.DataFrame({"lead_id": [1]}))
    lake.forget(A)
    assert lake.read(A, "leads") is None
    assert lake.read(B, "leads") is not None


def test_a_failed_write_leaves_the_old_extract_and_no_litter(tmp_path: Path) -> None:
    lake = Lake(str(tmp_path))
    lake.write(A, "leads", pl.DataFrame({"lead_id": [1]}))
    unwritable = pl.DataFrame({"lead_id": [object()]}, schema={"lead_id": pl.Object})
    with pytest.raises(pl.exceptions.PolarsError):
        lake.write(A, "leads", unwritable)
    frame = lake.read(A, "leads")
    assert frame is not None
    assert frame["lead_id"].to_list() == [1]
    assert [path.name for path in (tmp_path / str(A)).iterdir()] == ["leads.parquet"]
