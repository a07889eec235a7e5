"""Sealing and opening the signing secrets of endpoints."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from tekup.clock import utc_now
from tekup.crypto.columns import SealedColumn
from tekup.crypto.keys import MasterKey
from tekup.crypto.sealing import seal, unseal


def seal_secret(master_key: MasterKey, tenant_id: UUID, webhook_id: UUID, secret: str) -> bytes:
    """A secret as it is stored."""
    return seal(master_key, tenant_id, _place(webhook_id), secret)


def open_secrets(master_key: MasterKey, tenant_id: UUID, webhook: Row[Any]) -> list[str]:
    """The secrets that sign now: the present one, and the one before it while that still counts."""
    sealed = [webhook.secret_sealed]
    if webhook.previous_until is not None and webhook.previous_until > utc_now():
        sealed.append(webhook.previous_secret_sealed)
    return [unseal(master_key, tenant_id, _place(webhook.id), bytes(one)) for one in sealed]


def _place(webhook_id: UUID) -> str:
    return f"outgoing_webhooks.secret:{webhook_id}"


SEALED, PREVIOUS_SEALED = (
    SealedColumn("app.outgoing_webhooks", column, ("id",), ("id",), lambda row: _place(row["id"]))
    for column in ("secret_sealed", "previous_secret_sealed")
)
"""For rotations of keys."""
