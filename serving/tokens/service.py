"""What people do with API tokens and clients: nobody makes one that may more than he."""

from datetime import datetime
from typing import Any
from uuid import UUID

from serving.auth.subject import Authenticator, Subject
from serving.auth.token_repository import TokenRepository
from serving.kit.cursors import CursorSigner
from serving.kit.databases import Databases
from serving.kit.problems import Problem, not_found, unusable_field
from serving.tokens.schemas import NewToken, Token, TokenCreate, TokenPage, TokenQuery
from tekup.clock import utc_now
from tekup.directory.opaque import make_opaque
from tekup.directory.tokens import PREFIX, check_machine_scopes, client_texts
from tekup.errors import BadInput
from tekup.ids import uuid7

_LIST = "tokens"


async def list_tokens(databases: Databases, subject: Subject, query: TokenQuery, cursors: CursorSigner) -> TokenPage:
    """A page of the tenant's tokens and clients, newest first."""
    after = None
    if query.cursor is not None:
        created_at, last_id = cursors.open(subject.tenant_id, _LIST, query.cursor)
        after = (datetime.fromisoformat(created_at), UUID(last_id))
    async with databases.operational(subject.context) as session:
        rows = await TokenRepository(session, subject.tenant_id).page(after, query.limit + 1)
    shown = rows[: query.limit]
    position = [shown[-1].created_at.isoformat(), str(shown[-1].id)] if len(rows) > query.limit else None
    cursor = None if position is None else cursors.make(subject.tenant_id, _LIST, position)
    return TokenPage(items=[Token.model_validate(row._mapping) for row in shown], next_cursor=cursor)


async def create_token(databases: Databases, subject: Subject, body: TokenCreate, request_id: str) -> NewToken:
    """Make a token or client and tell its secret this once."""
    scopes = frozenset(body.scopes)
    try:
        check_machine_scopes(scopes)
    except BadInput as error:
        raise unusable_field("/scopes", f"{error.what}; {error.hint}") from None
    if scopes - subject.scopes:
        missing = ", ".join(sorted(scopes - subject.scopes))
        raise Problem(403, "beyond-your-rights", f"you do not hold {missing}", hint="ask somebody who may")
    if body.expires_at is not None and (body.expires_at.tzinfo is None or body.expires_at <= utc_now()):
        raise unusable_field("/expires_at", "must lie in the future and name its time zone")
    token_id = uuid7()
    token = client_id = client_secret = None
    if body.kind == "token":
        token, secret_hash = make_opaque(PREFIX, subject.tenant_id, token_id)
    else:
        client_id, client_secret, secret_hash = client_texts(subject.tenant_id, token_id)
    async with databases.operational(subject.context, read_only=False) as session:
        repository = TokenRepository(session, subject.tenant_id)
        await repository.add(
            id=token_id,
            name=body.name,
            kind=body.kind,
            secret_hash=secret_hash,
            scopes=sorted(scopes),
            created_by=subject.id,
            expires_at=body.expires_at,
        )
        row = await repository.find(token_id)
        await _audit(repository, subject, "token.create", token_id, request_id, kind=body.kind, scopes=sorted(scopes))
    assert row is not None
    return NewToken(**row._mapping, token=token, client_id=client_id, client_secret=client_secret)


async def revoke_token(
    databases: Databases, authenticator: Authenticator, subject: Subject, token_id: UUID, request_id: str
) -> None:
    """End a token or client for good."""
    async with databases.operational(subject.context, read_only=False) as session:
        repository = TokenRepository(session, subject.tenant_id)
        if not await repository.revoke(token_id):
            raise not_found("token")
        await _audit(repository, subject, "token.revoke", token_id, request_id)
    authenticator.forget(subject.tenant_id, token_id)


async def _audit(
    repository: TokenRepository, subject: Subject, action: str, token_id: UUID, request_id: str, **details: Any
) -> None:
    await repository.write_audit(
        subject.kind, subject.id, action, entity_type="token", entity_id=str(token_id), details=details,
        request_id=request_id,
    )  # fmt: skip
