"""Who may see and who may change the synchronisation with HubSpot."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

SyncReader: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["tenant:read"])]
SyncWriter: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["tenant:write"])]
