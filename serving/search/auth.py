"""Who may search. What kinds of records he finds follows from his other scopes."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

Searcher: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["companies:read"])]
