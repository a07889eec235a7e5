"""Who may read his tenant: everybody who belongs to it. Who may change its settings: administrators."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

Anybody: TypeAlias = Annotated[Subject, Security(authenticate)]
Settler: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["tenant:write"])]
