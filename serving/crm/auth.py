"""Who may look for duplicates and merge."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

ContactReader: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["contacts:read", "persons:read"])]
ContactWriter: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["contacts:write"])]
CompanyReader: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["companies:read"])]
CompanyWriter: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["companies:write"])]
"""Who changes contacts or companies sees the merges into them, which hold records whole."""
