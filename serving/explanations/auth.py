"""Who may ask why, and who may say that a score is wrong."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

Asker: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["scores:read"])]
Reviewer: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["leads:write"])]
"""Whoever works with a lead may say what they think of its score."""
