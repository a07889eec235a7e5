"""Who may see and connect identity providers, and who may link his account to one."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate, proven

ProviderReader: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["identity_providers:read"])]
ProviderWriter: TypeAlias = Annotated[Subject, Security(proven, scopes=["identity_providers:write"])]
ProvenPerson: TypeAlias = Annotated[Subject, Security(proven)]
