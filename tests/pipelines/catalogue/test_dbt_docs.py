"""dbt's docs are written without a database, and hold what a reader looks for."""

from pipelines.catalogue.dbt_docs import write_docs
from tests.paths import ROOT


def test_the_page_has_descriptions_lineage_and_exposures() -> None:
    page = write_docs().read_text()
    for words in ("One row per tenant and lead that is not deleted", "exposure.tekup.kpi_api", "parent_map"):
        assert words in page


def test_nothing_serves_it() -> None:
    called = [
        str(path)
        for path in (ROOT / "Makefile", *(ROOT / "serving").rglob("*.py"), *(ROOT / "pipelines").rglob("*.py"))
        if path.name != "dbt_docs.py" and "docs serve" in path.read_text()
    ]
    assert called == []
