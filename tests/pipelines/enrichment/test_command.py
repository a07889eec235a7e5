"""`tekup enrich`: consent on and off, a dry run, a run, and what it says."""

import pytest
from click.testing import CliRunner, Result

from pipelines.commands.enrich import enrich
from pipelines.enrichment.consent import read_consent
from tekup.errors import BadInput, TekupError
from tekup.settings import Settings
from tests.pipelines.enrichment.conftest import Desk


@pytest.fixture
def command(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> "Command":
    settings = desk.platform.settings.model_copy(update={"openai_api_base": f"{desk.sandbox.url}/openai"})
    return Command(desk, settings, monkeypatch)


class Command:
    """The command on the test's own databases, its vendor the sandbox."""

    def __init__(self, desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        self._domain = desk.a.domain
        monkeypatch.setattr("tekup.settings.current_settings", lambda: settings)

    def __call__(self, *arguments: str) -> Result:
        result = CliRunner().invoke(enrich, [self._domain, *arguments])
        if result.exception is not None and isinstance(result.exception, TekupError):
            raise result.exception
        return result


def test_consent_is_given_with_a_budget_and_withdrawn(desk: Desk, command: Command) -> None:
    with pytest.raises(BadInput, match="budget"):
        command("--on")
    assert "on, 5,000 tokens a month" in command("--on", "--budget", "5000").output
    assert read_consent(desk.platform.doors, desk.a.id).monthly_tokens == 5_000
    assert ": off" in command("--off").output
    assert not read_consent(desk.platform.doors, desk.a.id).is_given


def test_a_budget_without_consent_is_refused(command: Command) -> None:
    with pytest.raises(BadInput, match="go with --on"):
        command("--budget", "5000")


def test_without_consent_it_says_so_and_fails(desk: Desk, command: Command) -> None:
    desk.add_leads(desk.a, "Vi vil gerne have et tilbud")
    result = command()
    assert result.exit_code == 1
    assert "no consent" in result.output
    assert desk.asked() == []


def test_a_dry_run_shows_what_would_leave_and_sends_nothing(desk: Desk, command: Command) -> None:
    desk.add_leads(desk.a, "Ring 20304050, vi vil gerne have et tilbud")
    shown = command("--dry-run").output
    assert "off: nothing would be asked" in shown
    assert "Message: Ring [phone], vi vil gerne have et tilbud" in shown
    assert desk.sandbox.requests(vendor="openai") == []


def test_a_run_and_a_backfill_say_what_they_did(desk: Desk, command: Command) -> None:
    desk.agree(tokens=1_000_000)
    desk.add_leads(desk.a, "Vi vil gerne have et tilbud", "Jeg kigger bare.")
    assert "2 texts asked: 2 answered" in command().output
    desk.add_leads(desk.a, "Kan I fortælle mere?", first=3)
    desk.behave(polls=1)
    shown = command("--backfill").output
    assert "1 texts asked: 1 answered" in shown
    assert "batch: batch_" in shown
    assert "left this month" in shown


def test_a_used_up_budget_is_told(desk: Desk, command: Command) -> None:
    desk.agree(tokens=10)
    desk.add_leads(desk.a, "Vi vil gerne have et tilbud")
    shown = command().output
    assert "budget is used up" in shown
    assert "1 wait" in shown
