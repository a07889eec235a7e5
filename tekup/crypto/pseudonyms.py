"""Names that tell nothing without the tenant's key: blind indexes, and what the erasure ledger holds."""

import hashlib
import hmac
from uuid import UUID

from tekup.crypto.data_keys import DataKeys
from tekup.crypto.keys import MasterKey
from tekup.errors import SettingError


class Pseudonyms:
    """HMAC-SHA256 under one tenant's own key. The key stays when data keys rotate: its names are not kept in clear."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of(self, kind: str, value: str) -> bytes:
        """The pseudonym of one value of a kind, such as ("email", "anna@example.dk")."""
        return hmac.digest(self._secret, f"{kind}\x1f{value}".encode(), hashlib.sha256)


def open_pseudonyms(key: MasterKey, tenant_id: UUID) -> Pseudonyms:
    """The pseudonyms of one tenant.

    Raises:
        SettingError: the master key knows no data keys.
    """
    keys: DataKeys | None = key.data_keys
    if keys is None:
        raise SettingError(
            "pseudonyms need the tenants' data keys", hint="take the master key from the databases' doors"
        )
    return Pseudonyms(keys.newest(tenant_id, "pseudonym").secret)


def blind_index(key: MasterKey, tenant_id: UUID, column: str, value: str) -> bytes:
    """What a sealed value is looked up by: equal values of one tenant and column have equal indexes, others none."""
    return open_pseudonyms(key, tenant_id).of(f"index of {column}", value)
