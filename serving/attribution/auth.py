"""Who may read attribution."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

AttributionReader: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["attribution:read"])]
