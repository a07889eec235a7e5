"""Who may read the figures."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

KpiReader: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["kpis:read"])]
