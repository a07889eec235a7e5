"""Who may see roles and change the tenant's own; changing asks for a person with a fresh proof."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate, proven

Anybody: TypeAlias = Annotated[Subject, Security(authenticate)]
RoleReader: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["roles:read"])]
RoleWriter: TypeAlias = Annotated[Subject, Security(proven, scopes=["roles:write"])]
