"""Who may read predictions: whoever may read scores."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

PredictionReader: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["scores:read"])]
