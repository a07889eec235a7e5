"""A lead that arrives is scored. Without a live model it waits for the nightly batch."""

from sqlalchemy.ext.asyncio import AsyncSession

from serving.auth.subject import Subject
from serving.consumers.consumer import Consumer
from serving.kit.databases import Databases
from serving.scores import service as score_service
from serving.scores.service import ScoreDesk
from tekup.contracts.envelope import Event
from tekup.ids import derived_uuid
from tekup.tenancy import EVERYTHING, SYSTEM

SCORER = derived_uuid("reaction", "scoring")
"""Who asked for these scores, in the record of scores given: the platform itself."""


def scoring_consumer(desk: ScoreDesk, databases: Databases) -> Consumer:
    """Scores leads with the model that the API serves."""

    async def score(session: AsyncSession, event: Event) -> None:
        platform = Subject(event.tenant_id, "token", SCORER, EVERYTHING, SYSTEM)
        await score_service.score_arrival(desk, databases, session, platform, event.aggregate_id)

    return Consumer("scoring", {"LeadCreated": score})
