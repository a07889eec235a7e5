"""Settings say what is wrong with them, and their page is the code's own."""

import pytest

from tekup.commands.settings import render_markdown
from tekup.errors import SettingError
from tekup.settings import Settings, read_settings
from tests.paths import ROOT


def test_a_wrong_setting_is_named_with_what_it_must_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEKUP_API_PORT", "eight thousand")
    monkeypatch.setenv("TEKUP_DATABASE_URL", "mysql://here")
    with pytest.raises(SettingError) as caught:
        read_settings()
    assert "TEKUP_API_PORT" in str(caught.value)
    assert "TEKUP_DATABASE_URL" in str(caught.value)
    assert "postgresql://" in str(caught.value)


def test_the_page_of_settings_is_the_codes_own() -> None:
    assert (ROOT / "docs" / "settings.md").read_text() == render_markdown(), "run `make docs`"


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, field in Settings.model_fields.items() if len(field.description or "") < 20] == []


def test_nothing_secret_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEKUP_MASTER_KEY", "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3I=")
    assert "c2VjcmV0" not in repr(read_settings())
