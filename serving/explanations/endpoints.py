"""Routes of explanations and of feedback."""

from uuid import UUID

from fastapi import APIRouter

from serving.explanations import service as explanation_service
from serving.explanations.auth import Asker, Reviewer
from serving.explanations.schemas import Explanation, Feedback, FeedbackCreate
from serving.kit.databases import AppDatabases
from serving.kit.language import RequestLanguage

router = APIRouter(tags=["scores"])


@router.get("/v1/leads/{lead_id}/score/explanation")
async def explain_score(
    subject: Asker, databases: AppDatabases, lead_id: UUID, language: RequestLanguage
) -> Explanation:
    """Why the lead was scored as it was: each kept score, newest first, with model version, inputs and reasons.

    What a person may ask for under GDPR Art. 22 and 15. All of it is erased with the lead.
    """
    return await explanation_service.explain(databases, subject, lead_id, language)


@router.post("/v1/scores/feedback", status_code=201)
async def give_feedback(subject: Reviewer, databases: AppDatabases, body: FeedbackCreate) -> Feedback:
    """Say that a lead's score is right, too high or too low; the newest word counts.

    It is kept with the score that it is about, is part of the explanation, and reaches the warehouse by the next pull.
    """
    return await explanation_service.take_feedback(databases, subject, body)
