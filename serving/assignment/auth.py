"""Who may see rules of assignment, and who may hand out leads and deals."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

RuleReader: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["automation:read"])]
LeadAssigner: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["leads:write"])]
DealAssigner: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["deals:write"])]
