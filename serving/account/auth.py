"""Who may see and change his account: every person; what signs him in asks for a fresh proof."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, person, proven

Person: TypeAlias = Annotated[Subject, Security(person)]
ProvenPerson: TypeAlias = Annotated[Subject, Security(proven)]
