"""Who may ask for a person's data or erasure."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

PrivacyOfficer: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["privacy:write"])]
