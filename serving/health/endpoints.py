"""Routes for operators: open to anybody who can reach the port, and telling nothing of any tenant."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel

from serving.health.service import find_missing
from serving.kit.databases import AppDatabases
from serving.kit.metrics import Metrics
from serving.kit.problems import Problem, ProblemDocument
from serving.scores.live_model import LiveModel

router = APIRouter(tags=["operation"])


class Health(BaseModel):
    """The process answers."""

    status: Literal["alive", "ready"]


@router.get("/healthz")
async def show_health() -> Health:
    """Answers as long as the process lives; asks no database."""
    return Health(status="alive")


@router.get("/readyz", responses={503: {"model": ProblemDocument}})
async def show_readiness(request: Request, databases: AppDatabases) -> Health:
    """Answers 200 when both databases answer and a model is live, 503 with what is missing, or before it stops."""
    if getattr(request.app.state, "is_draining", False):
        raise Problem(503, "not-ready", "this server is about to stop", missing=["time"])
    live_model: LiveModel = request.app.state.live_model
    missing = await find_missing(databases, live_model)
    if missing:
        raise Problem(
            503,
            "not-ready",
            f"missing: {', '.join(missing)}",
            hint="`tekup run` sets up the databases and makes a model live",
            missing=missing,
        )
    return Health(status="ready")


@router.get("/metrics", response_class=Response)
async def show_metrics(request: Request) -> Response:
    """Counters in Prometheus' text format: requests by route, their time, scores served, the live model."""
    metrics: Metrics = request.app.state.metrics
    return Response(metrics.render(), media_type=CONTENT_TYPE_LATEST)
