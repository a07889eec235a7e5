"""What an entry tells of a change, and what it never tells."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tekup.audit import describe_change

KEY = b"k" * 32


def test_only_what_differs_is_told() -> None:
    told = describe_change({"status": "new", "country": "DK"}, {"status": "won", "country": "DK"}, fingerprint_key=KEY)
    assert told == {"before": {"status": "new"}, "after": {"status": "won"}}


def test_a_thing_that_is_made_has_no_before_and_one_that_is_deleted_no_after() -> None:
    assert describe_change(None, {"status": "new"}, fingerprint_key=KEY) == {"after": {"status": "new"}}
    assert describe_change({"status": "new"}, None, fingerprint_key=KEY) == {"before": {"status": "new"}}


@pytest.mark.parametrize(
    "name",
    ["password", "password_hash", "api_token", "client_secret", "credential_sealed", "totp_key", "recovery_codes"],
)
def test_secrets_are_masked(name: str) -> None:
    assert describe_change(None, {name: "hush"}, fingerprint_key=KEY) == {"after": {name: "***"}}


@given(st.sampled_from(["email", "full_name", "phone", "message", "job_title", "comment"]), st.text(min_size=4))
def test_personal_values_are_fingerprints_that_show_equality_alone(name: str, value: str) -> None:
    once = describe_change({name: None}, {name: value}, fingerprint_key=KEY)["after"][name]
    back = describe_change({name: "other"}, {name: value}, fingerprint_key=KEY)["after"]
    elsewhere = describe_change({name: None}, {name: value}, fingerprint_key=b"another tenant")["after"][name]
    assert once.startswith("hmac:")
    assert value not in once.removeprefix("hmac:") or len(value) < 5
    if back:
        assert back[name] == once
    assert elsewhere != once


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("value_cents", 990_000, 990_000),
        ("campaign_id", "0198-c", "0198-c"),
        ("won_at", datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01 00:00:00+00:00"),
        ("has_marketing_consent", True, True),
        ("country", "x" * 900, "x" * 500),
    ],
)
def test_what_says_nothing_of_a_person_is_told_plainly(name: str, value: Any, told: Any) -> None:
    assert describe_change({name: None}, {name: value}, fingerprint_key=KEY)["after"][name] == told
