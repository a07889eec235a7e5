"""Who may have leads scored and who may read scores."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

ScoreReader: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["scores:read"])]
ScoreMaker: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["scores:write"])]
