"""Who may ask. Each field asks for its own scope, so that the route itself asks for none."""

from typing import Annotated, TypeAlias

from fastapi import Security

from serving.auth.subject import Subject, authenticate

GraphQLCaller: TypeAlias = Annotated[Subject, Security(authenticate)]
