"""Who may send touchpoints."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

Collector: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["touchpoints:write"])]
