"""The master key's file closed by a key management service: by moto's KMS, over boto3's own client."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tekup.crypto.keys import load_master_key, new_key, write_key_file
from tekup.crypto.sources import AwsKms, open_source
from tekup.errors import SettingError
from tekup.settings import read_settings


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in (("ACCESS_KEY_ID", "test"), ("SECRET_ACCESS_KEY", "test"), ("DEFAULT_REGION", "eu-north-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    with mock_aws():
        made = boto3.client("kms")
        number = made.create_key()["KeyMetadata"]["KeyId"]
        made.create_alias(AliasName="alias/tekup", TargetKeyId=number)
        yield made


def test_a_closed_file_opens_by_its_service_alone(client: Any, tmp_path: Path) -> None:
    clear = new_key()
    address = "aws-kms://alias/tekup"
    closed = open_source(address).wrap(clear)
    assert clear.encode() not in closed
    write_key_file(tmp_path / "master.key", [closed.decode()])
    found = load_master_key(read_settings(home=tmp_path, master_key_source=address))
    write_key_file(tmp_path / "open" / "master.key", [clear])
    assert found.name == load_master_key(read_settings(home=tmp_path / "open")).name
    with pytest.raises(SettingError, match="not the Base64"):
        load_master_key(read_settings(home=tmp_path))


def test_another_key_does_not_open_it(client: Any, tmp_path: Path) -> None:
    write_key_file(tmp_path / "master.key", [AwsKms("alias/tekup").wrap(new_key()).decode()])
    other = client.create_key()["KeyMetadata"]["KeyId"]
    with pytest.raises(SettingError, match="does not open"):
        load_master_key(read_settings(home=tmp_path, master_key_source=f"aws-kms://{other}"))


def test_an_unknown_source_is_told() -> None:
    with pytest.raises(SettingError, match="aws-kms://"):
        open_source("vault://key")
