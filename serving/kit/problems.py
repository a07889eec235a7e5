"""Problem documents (RFC 9457) for every error. Which errors a domain has is the domain's affair."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from psycopg import errors as pg_errors
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from tekup.errors import BadInput, DatabaseUnavailable, TekupError, TenantNotFound, VendorError

MEDIA_TYPE = "application/problem+json"
_TITLES = {422: "Unusable Input", 401: "Sign-in Needed"}
_log = structlog.get_logger("serving")


class FieldFault(BaseModel):
    """One field that can't be used as sent."""

    pointer: str = Field(description="Where it stands: a JSON pointer for bodies, a name for query and path.")
    detail: str


class ProblemDocument(BaseModel):
    """An error, as RFC 9457 describes it."""

    type: str = Field(description="Stable name of the kind of error, a URN.")
    title: str
    status: int
    detail: str = Field(description="What is wrong, for a person.")
    hint: str | None = Field(default=None, description="What to do about it, where we know.")
    request_id: str | None = Field(default=None, description="Set where the fault is ours; names it in our logs.")
    errors: list[FieldFault] | None = None
    choices: list[dict[str, str]] | None = Field(default=None, description="Tenants to choose from (409 of a sign-in).")
    mfa_token: str | None = Field(default=None, description="Goes on with a sign-in that needs a second factor.")
    methods: list[str] | None = Field(default=None, description="Kinds of second factor that the user has.")


class Problem(HTTPException):
    """Raised anywhere behind the API to answer with a problem document."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        hint: str | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(status, detail, headers)
        self.code, self.hint, self.more = code, hint, more


def not_found(noun: str) -> Problem:
    """One answer for what never was and for what is another tenant's, so that the two can't be told apart."""
    return Problem(404, "not-found", f"no such {noun}")


def unusable_field(pointer: str, detail: str) -> Problem:
    """A 422 about one field that only the database or the model could judge."""
    return Problem(422, "unusable-input", "the request can't be used", errors=[{"pointer": pointer, "detail": detail}])


def faults_of(error: ValidationError, under: str = "") -> list[dict[str, str]]:
    """Each fault of a shape that was read apart from a request, where it is below ``under`` and what it is."""
    return [
        {"pointer": under + _pointer(fault["loc"]), "detail": _utf8(fault["msg"])}
        for fault in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def problem_response(
    status: int,
    code: str,
    detail: str,
    *,
    hint: str | None = None,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """The document as a response."""
    title = _TITLES.get(status) or HTTPStatus(status).phrase
    body: dict[str, Any] = {"type": f"urn:tekup:problem:{code}", "title": title, "status": status, "detail": detail}
    if hint:
        body["hint"] = hint
    body |= more
    return JSONResponse(body, status, dict(headers or {}) | {"cache-control": "no-store"}, media_type=MEDIA_TYPE)


def problem_of(problem: Problem) -> JSONResponse:
    """The response to a problem that a layer outside of the routes found."""
    return problem_response(
        problem.status_code, problem.code, problem.detail, hint=problem.hint, headers=problem.headers, **problem.more
    )


def install_problem_handlers(app: FastAPI) -> None:
    """Answer every error of ``app`` with a problem document."""
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(TekupError, _on_tekup_error)
    app.add_exception_handler(DBAPIError, _on_database_error)
    app.add_exception_handler(PoolTimeout, _on_pool_timeout)


def answer_to(error: Exception, request_id: str | None) -> JSONResponse:
    """The response to whatever was raised, for who answers errors in a form of his own."""
    if isinstance(error, Problem):
        return problem_of(error)
    if isinstance(error, TekupError):
        return _tekup_problem(request_id, error)
    if isinstance(error, DBAPIError):
        return database_problem(request_id, error)
    if isinstance(error, PoolTimeout):
        return _too_busy()
    return unexpected_response(request_id, error)


async def _on_http_error(request: Request, error: Exception) -> JSONResponse:
    if isinstance(error, Problem):
        return problem_of(error)
    assert isinstance(error, HTTPException)
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    details = {404: "no such resource", 405: f"{request.method} is not offered here"}
    detail = details.get(error.status_code, str(error.detail))
    return problem_response(error.status_code, code, detail, headers=error.headers)


async def _on_validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return problem_response(
        422, "unusable-input", "the request can't be used", errors=[_fault(e) for e in error.errors()[:100]]
    )


def _fault(error: Mapping[str, Any]) -> dict[str, str]:
    """Where and why, without the value: what was sent may be a secret."""
    location: Sequence[object] = error["loc"]
    where, *path = location
    pointer = _pointer(path) if where == "body" else _utf8(".".join(str(part) for part in path))
    return {"pointer": pointer, "detail": _utf8(str(error["msg"]))}


def _pointer(path: Iterable[object]) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + _utf8(str(part)).replace("~", "~0").replace("/", "~1") for part in path)


def _utf8(text: str) -> str:
    """Text that can be sent: a lone surrogate in a field's name becomes a question mark."""
    return text.encode("utf-8", "replace").decode()


_TEKUP_STATUS: dict[type[TekupError], tuple[int, str]] = {
    BadInput: (422, "unusable-input"),
    TenantNotFound: (404, "not-found"),
    DatabaseUnavailable: (503, "database-unavailable"),
    VendorError: (502, "vendor-failed"),
}


async def _on_tekup_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, TekupError)
    return _tekup_problem(request.scope.get("request_id"), error)


def _tekup_problem(request_id: str | None, error: TekupError) -> JSONResponse:
    for kind, (status, code) in _TEKUP_STATUS.items():
        if isinstance(error, kind):
            # what an operator reads in the hint of a database error (addresses, settings) is not for a caller
            hint = None if kind is DatabaseUnavailable else error.hint
            detail = "a database can't be reached" if kind is DatabaseUnavailable else error.what
            return problem_response(status, code, detail, hint=hint)
    return unexpected_response(request_id, error)


async def _on_database_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DBAPIError)
    return database_problem(request.scope.get("request_id"), error)


def database_problem(request_id: str | None, error: DBAPIError) -> JSONResponse:
    """The response to an error of a database, which says nothing of the database but whether to try again."""
    if isinstance(error.orig, pg_errors.UndefinedTable):
        return problem_response(
            503, "not-built-yet", "these figures have not been built yet", hint="run `tekup run` once, then ask again"
        )
    if isinstance(error.orig, pg_errors.OperationalError) or error.connection_invalidated:
        _log.error("database error", request_id=request_id, error=type(error.orig).__name__)
        return problem_response(
            503,
            "database-unavailable",
            "a database can't be reached",
            hint="try again shortly",
            headers={"retry-after": "2"},
        )
    return unexpected_response(request_id, error)


async def _on_pool_timeout(request: Request, error: Exception) -> JSONResponse:
    return _too_busy()


def _too_busy() -> JSONResponse:
    return problem_response(
        503, "too-busy", "all database connections are busy", hint="try again shortly", headers={"retry-after": "1"}
    )


def unexpected_response(request_id: str | None, error: BaseException) -> JSONResponse:
    """A 500 that says nothing but the id under which the log tells more."""
    _log.error("unexpected error", request_id=request_id, error=type(error).__name__, exc_info=error)
    return problem_response(
        500,
        "unexpected",
        "something went wrong on our side",
        hint="tell us the request id",
        request_id=request_id,
    )
