"""`tekup rates` from the shell: a file is read whole or not at all, and told in one line."""

from pathlib import Path

from tests.tekup.test_cli import tekup


def test_a_file_of_rates_is_stored_once_and_a_bad_one_changes_nothing(server_home: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("Date,USD,KWD,\n2026-11-27,1.0912,0.3341,\n2026-11-26,1.0900,N/A,\n")
    bad.write_text("Date,USD,\n2026-11-28,1.1,\n2026-11-29,much,\n")
    first = tekup("rates", str(good), home=server_home)
    assert first.returncode == 0, first.stderr
    assert first.stdout == "3 rates read, 3 new or corrected; the last day is 2026-11-27\n"
    refused = tekup("rates", str(bad), home=server_home)
    assert refused.returncode != 0
    assert "'much' as the rate of USD on 2026-11-29" in refused.stderr
    assert "Traceback" not in refused.stderr
    # the setting names the same file: nothing is new
    again = tekup("rates", home=server_home, TEKUP_EXCHANGE_RATES=str(good))
    assert again.stdout == "3 rates read, 0 new or corrected; the last day is 2026-11-27\n"
