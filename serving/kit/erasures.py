"""Who was erased: an identifier in the ledger of erasures comes back by its person's own request alone."""

import asyncio
from collections.abc import Iterable
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tekup.crypto.keys import MasterKey
from tekup.crypto.pseudonyms import open_pseudonyms
from tekup.privacy.ledger import pseudonym_of

Identifier: TypeAlias = tuple[str, str]
"""A kind, such as ``email``, ``phone`` or ``cookie``, and its value."""
_ERASED = text(
    "select pseudonym from app.erased_identifier where tenant_id = :tenant_id "
    "and pseudonym = any(cast(:pseudonyms as bytea[]))"
)


async def find_erased(
    session: AsyncSession, tenant_id: UUID, master_key: MasterKey, identifiers: Iterable[Identifier]
) -> frozenset[Identifier]:
    """Those of the identifiers that are an erased person's, by one question for all."""
    told = set(identifiers)
    if not told:
        return frozenset()
    # in a thread: the tenant's data key may have to be fetched first
    pseudonyms = await asyncio.to_thread(open_pseudonyms, master_key, tenant_id)
    named = [(one, pseudonym_of(pseudonyms, *one)) for one in told]
    asked = [pseudonym for _, pseudonym in named if pseudonym is not None]
    rows = await session.execute(_ERASED, {"tenant_id": tenant_id, "pseudonyms": asked})
    erased = {bytes(row[0]) for row in rows}
    return frozenset(one for one, pseudonym in named if pseudonym in erased)
