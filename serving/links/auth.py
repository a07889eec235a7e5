"""Who may build links, and who may set the rules of naming."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

LinkBuilder: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["campaigns:read"])]
RuleSetter: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["campaigns:write"])]
