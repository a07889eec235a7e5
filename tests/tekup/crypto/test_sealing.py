"""Sealed fields open only where they were sealed."""

import base64
from uuid import uuid4

import pytest

from tekup.crypto.keys import MasterKey, load_master_key
from tekup.crypto.sealing import seal, unseal
from tekup.errors import SettingError
from tekup.settings import Settings, read_settings

KEY = MasterKey(b"k" * 32)


def test_what_is_sealed_opens_again_and_is_never_the_same_twice() -> None:
    tenant = uuid4()
    first, second = (seal(KEY, tenant, "connections.credential:stripe", "sk_live_æøå") for _ in range(2))
    assert first != second
    assert b"sk_live" not in first
    assert unseal(KEY, tenant, "connections.credential:stripe", first) == "sk_live_æøå"


@pytest.mark.parametrize("change", ["tenant", "place", "key", "bytes"])
def test_it_opens_nowhere_else(change: str) -> None:
    tenant = uuid4()
    sealed = seal(KEY, tenant, "place", "clear")
    with pytest.raises(SettingError, match="can't be opened"):
        unseal(
            MasterKey(b"x" * 32) if change == "key" else KEY,
            uuid4() if change == "tenant" else tenant,
            "elsewhere" if change == "place" else "place",
            sealed[:-1] + bytes([sealed[-1] ^ 1]) if change == "bytes" else sealed,
        )


def test_the_master_key_is_made_once_and_kept_private(tmp_path) -> None:  # type: ignore[no-untyped-def]
    settings = Settings(home=tmp_path / "home")
    made = load_master_key(settings)
    assert load_master_key(settings) == made
    assert (tmp_path / "home" / "master.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["short", base64.b64encode(b"x" * 31).decode(), "&&&"])
def test_a_malformed_master_key_is_told(text: str) -> None:
    with pytest.raises(SettingError, match="32 bytes"):
        load_master_key(read_settings(master_key=text))
