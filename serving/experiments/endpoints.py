"""Routes of experiments."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request

from serving.experiments import assigning, lifecycle, results
from serving.experiments.auth import ExperimentReader, ExperimentWriter, Exposer
from serving.experiments.resources import EXPERIMENT
from serving.experiments.result_schemas import ExperimentResults, SampleSize, SizeQuery
from serving.experiments.schemas import (
    AssignmentRequest,
    Assignments,
    Decision,
    Experiment,
    ExposureBatch,
    ExposureCreate,
    ExposureReceipt,
)
from serving.kit.databases import AppDatabases
from serving.kit.language import RequestLanguage
from serving.kit.problems import ProblemDocument
from serving.records.routes import resource_router, shelf_of

router = APIRouter()
own = APIRouter(prefix="/v1/experiments", tags=["experiments"])
Agent = Annotated[str | None, Header(max_length=2_000)]


@own.post("/assignments")
async def assign_variants(
    subject: Exposer,
    databases: AppDatabases,
    body: AssignmentRequest,
    user_agent: Agent = None,
    origin: Agent = None,
) -> Assignments:
    """Which variant of each experiment somebody gets: the same for ever, as long as the experiment runs.

    `expose` names the experiments that he is shown now; his first exposure to each is kept, later ones change nothing.
    An experiment that was decided gives its chosen variant to everybody. A server may also reckon variants itself: the
    rule is a hash (docs/experiments.md), and `ids` are its salts.
    """
    # only a web page's request comes from the visitor's own program; a server's tells of its library
    return await assigning.give_variants(databases, subject, body, user_agent if origin is not None else None)


@own.post("/exposures", status_code=202)
async def keep_exposures(
    subject: Exposer,
    databases: AppDatabases,
    body: ExposureCreate | ExposureBatch,
    user_agent: Agent = None,
    origin: Agent = None,
) -> ExposureReceipt:
    """Tell of one exposure, or of up to 1,000 as `items`: who was shown which variant, and when.

    `verdicts` says of each what became of it: `stored`, `known` (he was exposed before), `unknown_experiment`,
    `not_running`, `other_variant` (than the hash gives), `wrong_unit`, `unknown_lead`, `unknown_contact` or `bot`.
    """
    items = body.items if isinstance(body, ExposureBatch) else [body]
    return await assigning.keep_exposures(databases, subject, items, user_agent if origin is not None else None)


@own.get("/sample-size")
async def get_sample_size(subject: ExperimentReader, query: Annotated[SizeQuery, Query()]) -> SampleSize:
    """How many persons an experiment needs to find an effect of some size with some chance."""
    return await results.get_size(query)


@own.get("/{record_id}/results", responses={404: {"model": ProblemDocument}})
async def get_results(
    subject: ExperimentReader,
    databases: AppDatabases,
    record_id: UUID,
    language: RequestLanguage,
) -> ExperimentResults:
    """What came of an experiment, up to the last build of the warehouse.

    Bounds hold however often you look. A person counts once its `outcome_days` are over.
    """
    return await results.get_results(databases, subject, record_id, language)


@own.post("/{record_id}/start", responses={code: {"model": ProblemDocument} for code in (404, 409)})
async def start_experiment(
    request: Request, subject: ExperimentWriter, databases: AppDatabases, record_id: UUID
) -> Experiment:
    """Begin to assign variants. From now on what its variants and verdict depend on can't change."""
    started: Experiment = await lifecycle.start(shelf_of(EXPERIMENT, request, subject, databases), record_id)
    return started


@own.post("/{record_id}/stop", responses={code: {"model": ProblemDocument} for code in (404, 409)})
async def stop_experiment(
    request: Request, subject: ExperimentWriter, databases: AppDatabases, record_id: UUID
) -> Experiment:
    """Stop assigning variants. Whoever was exposed before still counts."""
    stopped: Experiment = await lifecycle.stop(shelf_of(EXPERIMENT, request, subject, databases), record_id)
    return stopped


@own.post("/{record_id}/decision", responses={code: {"model": ProblemDocument} for code in (404, 409)})
async def decide_experiment(
    request: Request, subject: ExperimentWriter, databases: AppDatabases, record_id: UUID, body: Decision
) -> Experiment:
    """Choose a variant, which everybody gets from now on; a running experiment stops with it."""
    decided: Experiment = await lifecycle.decide(shelf_of(EXPERIMENT, request, subject, databases), record_id, body)
    return decided


# before the resource's own routes, whose /{record_id} would take their place
router.include_router(own)
router.include_router(resource_router(EXPERIMENT))
