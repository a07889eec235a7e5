"""What a run would ask, without writing or sending anything. The run itself is elsewhere."""

from dataclasses import dataclass
from uuid import UUID

from integrations.openai.requests import most_tokens
from pipelines.enrichment.store import LEAD_COLUMNS, LEAD_CONTACT, cache_key, text_of
from tekup.db import Database, Doors, Role

SAMPLES = 3
_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Preview:
    """How many leads and different texts there are, which lack an answer, and some as they would leave."""

    leads: int
    texts: int
    unanswered: int
    most_tokens: int
    samples: list[str]


def preview(doors: Doors, tenant_id: UUID, model: str) -> Preview:
    """Read all the tenant's leads as a run with ``model`` would, and compare with what is answered."""
    leads = 0
    costs: dict[str, int] = {}
    samples: list[str] = []
    with doors.tenant_transaction(Database.WAREHOUSE, Role.PIPELINE, tenant_id, read_only=True) as connection:
        answered = {
            row[0]
            for row in connection.execute(
                "select cache_key from ml.lead_enrichment where tenant_id = %s and status = 'answered'", (tenant_id,)
            )
        }
        with connection.cursor(name="leads_to_preview") as cursor:
            cursor.itersize = _ROWS
            cursor.execute(
                f"select {LEAD_COLUMNS} from raw_operational.leads as lead {LEAD_CONTACT} "  # noqa: S608  # fixed text
                "where lead.tenant_id = %s and lead.deleted_at is null order by lead.created_at desc nulls last",
                (tenant_id,),
            )
            for parts in cursor:
                text = text_of(parts)
                if text is None:
                    continue
                leads += 1
                key = cache_key(tenant_id, model, text)
                if key not in costs and key not in answered and len(samples) < SAMPLES:
                    samples.append(text)
                costs[key] = 0 if key in answered else most_tokens(text)
    waiting = [cost for cost in costs.values() if cost]
    return Preview(leads, len(costs), len(waiting), sum(waiting), samples)
