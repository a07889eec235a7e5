"""Acting through the HTTP API as the person who is signed in. What is asked for is the pages' affair."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from dashboards import session
from dashboards.api_client import ApiUnavailable, send
from tekup.errors import TekupError
from tekup.settings import current_settings


class ApiRefused(TekupError):
    """The API does not do what was asked; it says why."""

    def __init__(self, status: int, kind: str, detail: str, hint: str | None) -> None:
        super().__init__(detail, hint=hint)
        self.status = status
        self.kind = kind

    @property
    def is_conflict(self) -> bool:
        """Whether somebody else changed the thing meanwhile."""
        return self.status == httpx.codes.PRECONDITION_FAILED

    @property
    def asks_for_proof(self) -> bool:
        """Whether the person has to show anew who he is."""
        return self.kind == "proof-needed"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API answered: its body, and the version by which the thing may be changed."""

    body: Any
    etag: str | None


def ask(
    method: str,
    path: str,
    *,
    body: Mapping[str, Any] | None = None,
    query: Mapping[str, Any] | None = None,
    etag: str | None = None,
) -> Answer:
    """One call of the API with the session's token.

    Raises:
        ApiRefused: it refuses; ``str`` of it is what the API says is wrong.
        ApiUnavailable: no answer, or one that is not the API's.
    """
    answer = _call(method, path, body=body, query=query, etag=etag)
    try:
        return Answer(answer.json() if answer.content else None, answer.headers.get("etag"))
    except ValueError:
        raise ApiUnavailable("the API's answer can't be read", hint="look at its log") from None


def fetch_file(path: str) -> bytes:
    """A file that the API gives; see `ask` for what is raised."""
    return _call("GET", path).content


def _call(
    method: str,
    path: str,
    *,
    body: Mapping[str, Any] | None = None,
    query: Mapping[str, Any] | None = None,
    etag: str | None = None,
) -> httpx.Response:
    headers = {"authorization": f"Bearer {session.require().access_token}", "accept-language": session.language().value}
    if etag is not None:
        headers["if-match"] = etag
    kept = {name: value for name, value in (query or {}).items() if value not in (None, "")}
    answer = send(method, current_settings().api_address, path, headers=headers, params=kept, json=body)
    if answer.is_success:
        return answer
    raise _refusal(answer)


def _refusal(answer: httpx.Response) -> ApiRefused | ApiUnavailable:
    try:
        problem = answer.json()
        faults = [f"{fault['pointer']}: {fault['detail']}" for fault in problem.get("errors") or []]
        return ApiRefused(
            answer.status_code,
            str(problem["type"]).rpartition(":")[2],
            "; ".join(faults) or str(problem.get("detail") or problem["title"]),
            problem.get("hint"),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return ApiUnavailable(f"the API answered {answer.status_code}", hint="look at its log")
