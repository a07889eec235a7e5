"""Who may see and change the tenant's users; changing asks for a person with a fresh proof."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate, proven

UserReader: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["users:read"])]
UserWriter: TypeAlias = Annotated[Subject, Security(proven, scopes=["users:write"])]
SessionWatcher: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["sessions:write"])]
SessionEnder: TypeAlias = Annotated[Subject, Security(proven, scopes=["sessions:write"])]
PolicyWriter: TypeAlias = Annotated[Subject, Security(proven, scopes=["tenant:write"])]
