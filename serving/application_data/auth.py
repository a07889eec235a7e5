"""Who may read and who may store applications' documents."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

DocumentReader: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["application_data:read"])]
DocumentWriter: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["application_data:write"])]
