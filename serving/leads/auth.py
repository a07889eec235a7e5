"""Who may read and who may change leads."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

LeadReader: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["leads:read"])]
LeadWriter: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["leads:write"])]
