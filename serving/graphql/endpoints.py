"""The one route of GraphQL."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from graphql import OperationType

from serving.graphql import service as graphql_service
from serving.graphql.auth import GraphQLCaller
from serving.graphql.context import Context
from serving.graphql.schema import build_schema
from serving.graphql.schemas import GraphQLAnswer, GraphQLRequest
from serving.kit.databases import AppDatabases
from serving.kit.language import RequestLanguage
from serving.kit.problems import Problem

MEDIA_TYPE = "application/graphql-response+json"
router = APIRouter(tags=["graphql"])


@router.post("/graphql", response_model=GraphQLAnswer)
async def ask(
    request: Request, subject: GraphQLCaller, databases: AppDatabases, language: RequestLanguage, body: GraphQLRequest
) -> Response:
    """Ask for records, leads, scores and figures, and change them, by one GraphQL document.

    Every field needs the scope that its REST route needs; one that you may not read is null, with an error. Errors
    carry the `code` and `status` of the problem document in `extensions`. A mutation happens whole or not at all, and
    with `Idempotency-Key` once. `GET /graphql` and lists of documents are not offered.
    """
    settings, request_id = request.app.state.settings, request.scope["request_id"]
    try:
        document = graphql_service.parse_document(body.query)
        operation = graphql_service.operation_of(document, body.operation_name)
        is_mutation = operation.operation is OperationType.MUTATION
        if is_mutation:
            await request.app.state.rate_limiter.admit_write(subject)
        context = Context(databases, subject, request.app.state.cursors, request_id, language, is_mutation=is_mutation)
        status, answer = await graphql_service.run(
            build_schema(settings.graphql_introspection),
            context,
            document,
            body.variables,
            body.operation_name,
            most_cost=settings.graphql_cost,
            is_mutation=is_mutation,
        )
        headers: Any = None
    except Problem as problem:
        status, answer = graphql_service.answer_to_problem(problem, request_id)
        headers = problem.headers
    is_known = MEDIA_TYPE in request.headers.get("accept", "")
    return JSONResponse(answer, status, headers, media_type=MEDIA_TYPE if is_known else "application/json")
