"""Who may see tokens and clients, and make and revoke them; the latter asks for a person with a fresh proof."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate, proven

TokenReader: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["tokens:read"])]
TokenWriter: TypeAlias = Annotated[Subject, Security(proven, scopes=["tokens:write"])]
