"""Who may do what with experiments."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

ExperimentReader: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["experiments:read"])]
ExperimentWriter: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["experiments:write"])]
Exposer: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["exposures:write"])]
