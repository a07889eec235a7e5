"""Who may do what with campaigns."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

CampaignReader: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["campaigns:read"])]
CampaignWriter: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["campaigns:write"])]
