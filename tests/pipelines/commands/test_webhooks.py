"""`tekup webhooks` from the shell: an address is shown once, and what lies in the inbox can be told and replayed."""

import re
from pathlib import Path

from tests.tekup.test_cli import tekup


def test_an_address_is_made_shown_rotated_and_taken_away(server_home: Path) -> None:
    def run(*arguments: str, **more: str) -> str:
        done = tekup(*arguments, home=server_home, **more)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run("tenant", "create", "One", "--domain", "one.example")
    run("connect", "one.example", "stripe", "--credential", "a key")
    assert "takes no webhooks in" in run("webhooks", "status", "one.example")
    public = {"TEKUP_PUBLIC_URL": "https://api.example.dk/"}
    first = run("webhooks", "enable", "one.example", "stripe", "--secret", "whsec_1", **public).strip()
    assert re.fullmatch(r"https://api\.example\.dk/v1/webhooks/stripe/wh_[\w-]{64}", first)
    second = run("webhooks", "rotate", "one.example", "stripe", "--secret", "whsec_2").strip()
    assert second.startswith("http://127.0.0.1:8000/v1/webhooks/stripe/wh_")
    told = run("webhooks", "status", "one.example")
    assert "secrets: 2, the old address until" in told
    assert first.rsplit("_", 1)[1] not in told
    assert "0 deliveries wait again" in run(
        "webhooks", "replay", "one.example", "stripe", "--since", "2026-11-01T00:00:00"
    )
    assert "no webhook is taken in" in run("webhooks", "disable", "one.example", "stripe")

    again = tekup("webhooks", "enable", "one.example", "stripe", home=server_home)
    assert again.returncode == 6
    assert "the secret is missing" in again.stderr
    assert "Traceback" not in again.stderr
