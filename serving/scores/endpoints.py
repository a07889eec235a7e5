"""Routes of scores."""

from typing import TypeVar
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ValidationError

from serving.auth.subject import Subject
from serving.kit.databases import AppDatabases
from serving.kit.language import RequestLanguage, understand
from serving.kit.shortcuts import json_of, known_caller, with_shortcut
from serving.kit.strict_json import PARSED
from serving.scores import service as score_service
from serving.scores.auth import ScoreMaker, ScoreReader
from serving.scores.schemas import BatchAnswer, BatchRequest, Score, ScoreRequest
from serving.scores.service import ScoreDesk
from tekup.language import Language

router = APIRouter(tags=["scores"])
Body = TypeVar("Body", bound=BaseModel)


def _desk(request: Request) -> ScoreDesk:
    desk: ScoreDesk = request.app.state.score_desk
    return desk


async def score_lead(
    request: Request, subject: ScoreMaker, databases: AppDatabases, language: RequestLanguage, body: ScoreRequest
) -> Score:
    """Score one lead now, by its `lead_id` or by `features`, with the strongest reasons.

    By id the features come from the same table as in training; a lead newer than the last build is scored from its
    own fields, and `features_from` says so. A feature name that the model does not know is refused, one that is left
    out counts as unknown. The contributions of all features add up to the probability less the model's base; each
    reason is also told as a sentence, in Danish or English.
    """
    return await score_service.score_lead(_desk(request), databases, subject, body, language)


async def score_leads(
    request: Request, subject: ScoreMaker, databases: AppDatabases, language: RequestLanguage, body: BatchRequest
) -> BatchAnswer:
    """Score up to 10,000 leads, in the order of the request.

    An id that does not exist gets an `error` in its line; features that can't be used refuse the whole batch.
    """
    return await score_service.score_leads(_desk(request), databases, subject, body, language)


@router.get("/v1/leads/{lead_id}/score")
async def get_score(
    request: Request, subject: ScoreReader, databases: AppDatabases, language: RequestLanguage, lead_id: UUID
) -> Score:
    """The lead's score of the last batch; a lead that no batch has seen is scored now."""
    return await score_service.get_score(_desk(request), databases, subject, lead_id, language)


async def _score_lead_at_once(request: Request) -> Response | None:
    asked = _ordinary(request, ScoreRequest)
    if asked is None:
        return None
    (subject, body), language = asked, _language(request)
    state = request.app.state
    return _answer(await score_service.score_lead(state.score_desk, state.databases, subject, body, language), language)


async def _score_leads_at_once(request: Request) -> Response | None:
    asked = _ordinary(request, BatchRequest)
    if asked is None:
        return None
    (subject, body), language = asked, _language(request)
    state = request.app.state
    return _answer(
        await score_service.score_leads(state.score_desk, state.databases, subject, body, language), language
    )


def _ordinary(request: Request, shape: type[Body]) -> tuple[Subject, Body] | None:
    """Caller and body of a request that can be answered; None where the route has to say what is wrong with it."""
    subject, parsed = known_caller("scores:write"), request.scope.get(PARSED)
    if not isinstance(subject, Subject) or parsed is None or request.scope["query_string"]:
        return None
    try:
        return subject, shape.model_validate(parsed)
    except ValidationError:
        return None


def _language(request: Request) -> Language:
    return understand(request.headers.get("accept-language", ""))


def _answer(record: BaseModel, language: Language) -> Response:
    headers = {"content-language": language, "vary": "Accept-Language"}
    return Response(json_of(record), headers=headers, media_type="application/json")


router.add_api_route(
    "/v1/scores", score_lead, methods=["POST"], route_class_override=with_shortcut(_score_lead_at_once)
)
router.add_api_route(
    "/v1/scores/batch", score_leads, methods=["POST"], route_class_override=with_shortcut(_score_leads_at_once)
)
