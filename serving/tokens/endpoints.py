"""Routes of API tokens and clients."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from serving.kit.databases import AppDatabases
from serving.tokens import service as token_service
from serving.tokens.auth import TokenReader, TokenWriter
from serving.tokens.schemas import NewToken, TokenCreate, TokenPage, TokenQuery

router = APIRouter(prefix="/v1/tokens", tags=["tokens"])


@router.get("")
async def list_tokens(
    request: Request, subject: TokenReader, databases: AppDatabases, query: Annotated[TokenQuery, Query()]
) -> TokenPage:
    """The tenant's API tokens and clients, newest first, with when each was last used; revoked ones stay listed."""
    return await token_service.list_tokens(databases, subject, query, request.app.state.cursors)


@router.post("", status_code=201)
async def create_token(request: Request, subject: TokenWriter, databases: AppDatabases, body: TokenCreate) -> NewToken:
    """Make an API token or a client for a program. Its secret is shown only now.

    It may never do more than you: where your role is lowered it narrows, and where you are disabled it ends.
    """
    return await token_service.create_token(databases, subject, body, request.scope["request_id"])


@router.delete("/{token_id}", status_code=204)
async def revoke_token(request: Request, subject: TokenWriter, databases: AppDatabases, token_id: UUID) -> Response:
    """End a token or client for good, with the access tokens that it got."""
    await token_service.revoke_token(
        databases, request.app.state.authenticator, subject, token_id, request.scope["request_id"]
    )
    return Response(status_code=204)
