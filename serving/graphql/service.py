"""Answers one document: parsed and measured, then run; a mutation happens whole or not at all."""

import json
from collections.abc import Mapping
from typing import Any

from graphql import DocumentNode, GraphQLError, GraphQLSyntaxError, OperationDefinitionNode, OperationType, parse
from strawberry import Schema

from serving.graphql.context import Context
from serving.graphql.limits import MOST_TOKENS, check_size, refused
from serving.kit.databases import SharedWrite, shared_write
from serving.kit.problems import Problem, answer_to

Answer = tuple[int, dict[str, Any]]
_MOST_ERRORS = 50


class _Undone(Exception):
    """Takes a mutation's transaction back."""


def parse_document(query: str) -> DocumentNode:
    """The document.

    Raises:
        Problem: 400 where it is none, or too long.
    """
    try:
        return parse(query, max_tokens=MOST_TOKENS)
    except GraphQLSyntaxError as error:
        if "more than" in error.message and "token" in error.message:
            raise refused(f"the query has more than {MOST_TOKENS} tokens") from None
        raise Problem(400, "query-unusable", error.message) from None
    except RecursionError:
        raise refused("the query is nested too deep") from None


def operation_of(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """The operation to run.

    Raises:
        Problem: 400 where it can't be told which, or where it is a subscription.
    """
    found = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name is not None:
        found = [node for node in found if node.name is not None and node.name.value == name]
    if len(found) != 1:
        raise Problem(400, "query-unusable", "say by operationName which one operation of the document to run")
    if found[0].operation is OperationType.SUBSCRIPTION:
        raise Problem(400, "query-unusable", "there are no subscriptions", hint="events come by /v1/events/stream")
    return found[0]


async def run(
    schema: Schema,
    context: Context,
    document: DocumentNode,
    variables: Mapping[str, Any] | None,
    operation_name: str | None,
    *,
    most_cost: int,
    is_mutation: bool,
) -> Answer:
    """The status and body of the answer.

    Raises:
        Problem: 400 where the document is too much.
    """
    check_size(schema._schema, document, variables or {}, most_cost)
    context.document = document
    if not is_mutation:
        return await _execute(schema, context, variables, operation_name)
    answer: Answer = (500, {})
    try:
        async with context.databases.operational(context.subject.context, read_only=False) as session:
            # under an idempotency key the request has its transaction already
            own = SharedWrite(session, context.subject.context) if shared_write.get() is None else shared_write.get()
            mark = shared_write.set(own)
            try:
                answer = await _execute(schema, context, variables, operation_name)
            finally:
                shared_write.reset(mark)
            if answer[0] >= 400:
                raise _Undone
    except _Undone:
        pass
    return answer


async def _execute(
    schema: Schema, context: Context, variables: Mapping[str, Any] | None, operation_name: str | None
) -> Answer:
    result = await schema.execute(
        "(parsed before)",
        variable_values=dict(variables or {}),
        context_value=context,
        operation_name=operation_name,
    )
    errors = [_told(error, context.request_id) for error in (result.errors or [])[:_MOST_ERRORS]]
    status = 200
    if errors and result.data is None:
        status = errors[0]["extensions"]["status"]
    body: dict[str, Any] = {"data": result.data} if status == 200 or result.data is not None else {"data": None}
    if errors:
        body["errors"] = errors
    return status, body


def answer_to_problem(problem: Exception, request_id: str) -> Answer:
    """The answer to what went wrong before any field was read."""
    told = _told(GraphQLError("", original_error=problem), request_id)
    return told["extensions"]["status"], {"errors": [told]}


def _told(error: GraphQLError, request_id: str) -> dict[str, Any]:
    """An error with the code and fields of its problem document."""
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        told: dict[str, Any] = {"message": error.message, "extensions": {"code": "query-unusable", "status": 400}}
    else:
        document = json.loads(bytes(answer_to(cause, request_id).body))
        more = {name: value for name, value in document.items() if name not in ("type", "title", "detail")}
        told = {
            "message": document["detail"],
            "extensions": {"code": document["type"].rpartition(":")[2], **more},
        }
    if error.path:
        told["path"] = error.path
    if error.locations:
        told["locations"] = [{"line": place.line, "column": place.column} for place in error.locations]
    return told
