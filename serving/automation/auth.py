"""Who may read and who may arrange automation."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

AutomationReader: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["automation:read"])]
AutomationWriter: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["automation:write"])]
