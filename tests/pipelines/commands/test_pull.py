"""`tekup connect`, `pull`, `status` and `metrics` from the shell, against a sandbox: all tell alike what is missing."""

import json
from pathlib import Path

import pytest

from integrations.sandbox.identifiers import sandbox_credential
from tests.integrations.running import Sandbox
from tests.tekup.test_cli import tekup

pytestmark = pytest.mark.slow

SLUG = "fjord-software"


@pytest.fixture
def environment(sandbox: Sandbox, server_home: Path) -> dict[str, str]:
    bases = {f"TEKUP_{vendor.upper()}_API_BASE": f"{sandbox.url}/{vendor}" for vendor in ("hubspot", "kit", "openai")}
    done = tekup("tenant", "create", "One", "--domain", "one.example", home=server_home)
    assert done.returncode == 0, done.stderr
    return bases


def run(home: Path, environment: dict[str, str], *arguments: str, code: int = 0) -> str:
    done = tekup(*arguments, home=home, **environment)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_a_pull_proves_itself_and_what_is_missing_is_told_everywhere(
    sandbox: Sandbox, server_home: Path, environment: dict[str, str]
) -> None:
    key = sandbox_credential("kit", SLUG)
    told = run(server_home, environment, "connect", "one.example", "kit", "--credential", key, "--check")
    assert "subscribers: ok" in told
    assert "there is no stream moods" in run(
        server_home, environment, "pull", "one.example", "kit", "--stream", "moods", code=6
    )
    pulled = run(server_home, environment, "pull", "one.example", "kit", "--stream", "subscribers")
    assert "subscribers" in pulled
    assert "purchases" not in pulled
    run(server_home, environment, "pull", "one.example", "operational")
    run(server_home, environment, "pull", "one.example", "kit")
    assert sandbox.advance(SLUG, "kit", created=0, changed=0, archived=0, removed=2)["removed"]
    missing = run(server_home, environment, "pull", "one.example", "kit", "--prove", code=1)
    assert "not complete: subscribers: the vendor has" in missing
    status = json.loads(run(server_home, environment, "status", "--json"))
    assert [(one["source"], one["stream"]) for one in status["known_missing"]] == [("kit", "subscribers")]
    assert 'tekup_sync_complete{source="kit",stream="subscribers",tenant="one.example"} 0.0' in run(
        server_home, environment, "metrics"
    )
    mended = run(server_home, environment, "pull", "one.example", "kit", "--full")
    assert "marked 2 as gone" in mended
    assert json.loads(run(server_home, environment, "status", "--json"))["known_missing"] == []
    metrics = run(server_home, environment, "metrics")
    assert 'tekup_sync_complete{source="kit",stream="subscribers",tenant="one.example"} 1.0' in metrics
    assert 'tekup_sync_requests{source="kit",stream="tags",tenant="one.example"}' in metrics


def test_openai_is_asked_whether_its_key_works(server_home: Path, environment: dict[str, str]) -> None:
    key = sandbox_credential("openai", SLUG)
    assert "models: " in run(
        server_home, environment, "connect", "one.example", "openai", "--credential", key, "--check"
    )
    assert "refused the credential" in run(
        server_home, environment, "connect", "one.example", "openai", "--credential", "wrong", "--check", code=5
    )
