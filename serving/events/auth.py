"""Who may listen: everybody in the tenant, to what his scopes open. Who may mend consumers: administrators."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

Listener: TypeAlias = Annotated[Subject, Security(authenticate)]
"""Each event type asks for a scope of its own, so that a listener sees what he could also read by other routes."""
ConsumerReader: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["events:read"])]
ConsumerMender: TypeAlias = Annotated[Subject, Security(authenticate, scopes=["events:write"])]
