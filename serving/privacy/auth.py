"""Who may ask for a person's data or erasure: people, who have just proven who they are where data or persons go."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, person, proven

PrivacyOfficer: TypeAlias = Annotated[Subject, Security(person, scopes=["privacy:write"])]
ProvenOfficer: TypeAlias = Annotated[Subject, Security(proven, scopes=["privacy:write"])]
