"""The envelope of questions and answers. What can be asked is the schema's affair."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

LONGEST_QUERY = 100_000


class GraphQLRequest(BaseModel):
    """One document, as the GraphQL over HTTP specification sends it. Lists of several are refused."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    query: str = Field(max_length=LONGEST_QUERY, description="The document.", examples=["{ deals { nodes { id } } }"])
    variables: dict[str, Any] | None = None
    operation_name: str | None = Field(
        default=None, alias="operationName", max_length=200, description="Which of several operations to run."
    )
    extensions: dict[str, Any] | None = Field(default=None, description="Sent by some clients; not read.")


class GraphQLFault(BaseModel):
    """One error."""

    message: str
    path: list[str | int] | None = None
    locations: list[dict[str, int]] | None = None
    extensions: dict[str, Any] = Field(description="`code`, `status`, and what a problem document would add.")


class GraphQLAnswer(BaseModel):
    """What was found, and what went wrong."""

    data: dict[str, Any] | None = None
    errors: list[GraphQLFault] | None = None
