"""Who may read the audit trail."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

AuditReader: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["audit:read"])]
