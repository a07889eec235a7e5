"""The examples of docs/scoring.md run as they stand, one after the other."""

import re
from pathlib import Path

import polars as pl
import pytest

from tests.paths import ROOT
from tests.scoring import leads

PAGE = ROOT / "docs" / "scoring.md"


def test_examples_run_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = leads.make(600).rename({"day": "created_at"}).drop("truth").with_row_index("lead_id")
    monkeypatch.chdir(tmp_path)
    frame.write_parquet("leads.parquet")
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(examples) == 4
    names: dict[str, object] = {}
    for example in examples:
        exec(compile(example, str(PAGE), "exec"), names)
    said = capsys.readouterr().out
    assert " against " in said
    assert "starting from" in said
    assert isinstance(names["scores"], pl.DataFrame)
    assert names["live"].fingerprint == names["model"].fingerprint  # type: ignore[attr-defined]
