"""What a caller may ask of attribution."""

from serving.attribution.repository import CreditRepository
from serving.attribution.schemas import Attribution, AttributionQuery, ChannelCredit
from serving.auth.subject import Subject
from serving.kit.databases import Databases
from serving.kit.problems import unusable_field


async def get_attribution(databases: Databases, subject: Subject, query: AttributionQuery) -> Attribution:
    """The credit that the query asks for.

    Raises:
        Problem: 422 where a model is named that no credit exists for.
    """
    async with databases.warehouse(subject.tenant_id) as session:
        repository = CreditRepository(session, subject.tenant_id)
        models = await repository.list_models()
        if query.model is not None and query.model not in models:
            raise unusable_field("model", f"no credit by this model; there is: {', '.join(models) or 'none yet'}")
        rows = await repository.list_credit(model=query.model, channel=query.channel, currency=query.currency)
    return Attribution(models=models, credit=[ChannelCredit.model_validate(dict(row._mapping)) for row in rows])
