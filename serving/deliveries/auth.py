"""Who may see and who may change where events are sent."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

EndpointReader: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["webhooks:read"])]
EndpointWriter: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["webhooks:write"])]
"""An endpoint is sent what the scopes of whoever made it may see, so that it widens nobody's sight."""
