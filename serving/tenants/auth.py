"""Who may read his tenant: everybody who belongs to it."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

Anybody: TypeAlias = Annotated[Subject, Security(authenticate)]
