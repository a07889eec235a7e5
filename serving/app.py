"""The HTTP application: what it is made of, how it starts and stops. What it answers is the domains' affair.

Run by `uvicorn --factory serving.app:create_app`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Scope

from serving.account.service import AccountDesk
from serving.api import include_routers
from serving.audit.tasks import keep_sealing
from serving.auth.access_tokens import AccessTokens
from serving.auth.admission import Admission
from serving.auth.key_ring import KeyRing
from serving.auth.notices import Notices
from serving.auth.second_factors import SecondFactors
from serving.auth.service import SignInDesk
from serving.auth.subject import Authenticator, Subject
from serving.deliveries.service import OutgoingDesk
from serving.events.service import EventDesk
from serving.forms.cors import FormOriginLayer
from serving.forms.service import FormDesk
from serving.identity_providers.protocol import ProviderClient
from serving.identity_providers.service import ProviderDesk
from serving.kit.addresses import parse_networks
from serving.kit.buckets import ProcessBuckets
from serving.kit.callers import CallerLayer
from serving.kit.cursors import CursorSigner
from serving.kit.databases import Databases
from serving.kit.deadlines import DeadlineLayer
from serving.kit.idempotency import IdempotencyLayer
from serving.kit.metrics import Metrics
from serving.kit.problems import ProblemDocument, install_problem_handlers
from serving.kit.rate_limits import RateLimiter, limits_of
from serving.kit.requests import RequestLayer
from serving.kit.shared_buckets import SharedBuckets
from serving.kit.strict_json import StrictJsonLayer
from serving.kit.wake import Wake
from serving.privacy.service import PrivacyDesk
from serving.scores.live_model import LiveModel
from serving.scores.service import ScoreDesk
from serving.users.service import UserDesk
from serving.webhooks.service import WebhookDesk
from tekup.db import Database, Doors, Role
from tekup.directory.signing_keys import read_signing_keys
from tekup.log import configure_logging
from tekup.mail import mailer_of
from tekup.settings import Settings, current_settings

_DESCRIPTION = """Lead scores, leads, attribution and daily figures of one tenant: the one that the bearer token
belongs to. Errors are problem documents (RFC 9457)."""

_BROWSERS_MAY_SEND = [
    "authorization", "content-type", "accept-language", "idempotency-key", "x-request-id", "x-purpose", "traceparent",
]  # fmt: skip
_BROWSERS_MAY_READ = [
    "x-request-id", "api-version", "location", "retry-after", "ratelimit", "ratelimit-policy", "idempotency-replayed",
    "deprecation", "sunset", "link", "content-language",
]  # fmt: skip


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application for ``settings`` (the environment's where absent). Databases are prepared as it starts."""
    settings = settings or current_settings()
    configure_logging(settings.log_level)
    metrics = Metrics()
    app = FastAPI(
        title="TekUp",
        version="1",
        description=_DESCRIPTION,
        lifespan=_lifespan,
        redoc_url=None,
        responses={"default": {"model": ProblemDocument, "description": "Problem document"}},
    )
    app.state.settings = settings
    app.state.metrics = metrics
    install_problem_handlers(app)
    include_routers(app)
    app.state.rate_limiter = RateLimiter(limits_of(settings), ProcessBuckets())
    _add_layers(app, settings, metrics)
    return app


def _add_layers(app: FastAPI, settings: Settings, metrics: Metrics) -> None:
    """What stands around the routes, from the innermost layer outwards."""
    app.add_middleware(IdempotencyLayer)
    app.add_middleware(StrictJsonLayer)
    app.add_middleware(CallerLayer, resolve=_resolve, proxies=parse_networks(settings.trusted_proxies))
    origins = [origin.strip() for origin in settings.api_origins.split(",") if origin.strip()]
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=_BROWSERS_MAY_SEND,
            expose_headers=_BROWSERS_MAY_READ,
            max_age=600,
        )
    app.add_middleware(FormOriginLayer)
    app.add_middleware(DeadlineLayer, seconds=settings.request_seconds)
    is_tls = (settings.public_url or "").startswith("https://")
    app.add_middleware(RequestLayer, metrics=metrics, is_tls=is_tls)


async def _resolve(scope: Scope, token: str) -> Subject | None:
    """Who holds the token."""
    authenticator: Authenticator = scope["app"].state.authenticator
    return await authenticator.authenticate(token)


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state = app.state
    doors = Doors(state.settings)
    doors.prepare()
    state.master_key = doors.master_key
    state.databases = Databases(doors, read_share=state.settings.audit_reads)
    if state.settings.rate_limits == "postgresql":
        state.rate_limiter = RateLimiter(limits_of(state.settings), SharedBuckets(state.databases))
    state.access_tokens = AccessTokens(KeyRing(lambda: read_signing_keys(doors)))
    state.notices = Notices(mailer_of(doors.settings))
    state.second_factors = SecondFactors(doors.master_key, doors.settings.app_address)
    state.cursors = CursorSigner(doors.master_key.derive("cursor"))
    state.authenticator = Authenticator(state.databases, state.access_tokens)
    admission = Admission(state.access_tokens, doors.settings)
    state.sign_in_desk = SignInDesk(
        doors, state.databases, state.access_tokens, admission, state.second_factors, state.notices
    )
    state.account_desk = AccountDesk(
        state.databases, state.second_factors, state.notices, state.sign_in_desk.throttle, doors.settings
    )
    identity_provider_client = ProviderClient(allows_private=state.settings.identity_providers_allow_private)
    state.provider_desk = ProviderDesk(state.databases, doors.master_key, identity_provider_client)
    state.user_desk = UserDesk(doors, state.databases, state.authenticator, state.notices, state.sign_in_desk.throttle)
    state.privacy_desk = PrivacyDesk(doors, state.databases)
    state.webhook_desk = WebhookDesk(state.databases, doors.master_key, state.settings.public_url)
    state.wake = Wake(doors.url(Database.OPERATIONAL, Role.APP))
    state.event_desk = EventDesk(state.databases, state.authenticator, state.wake)
    state.outgoing_desk = OutgoingDesk(
        state.databases, doors.master_key, allows_private=state.settings.webhooks_allow_private
    )
    state.form_desk = FormDesk(state.databases, doors.master_key, state.rate_limiter)
    state.live_model = LiveModel(state.settings.models_of("lead_score"), state.metrics)
    state.score_desk = ScoreDesk(state.live_model, state.metrics)
    running = [
        asyncio.create_task(work)
        for work in (
            state.wake.run(),
            state.event_desk.feeds.run(),
            state.event_desk.watch.run(),
            keep_sealing(doors, state.settings.audit_seal_seconds),
        )
    ]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await state.live_model.close()
        await state.notices.close()
        await identity_provider_client.close()
        await state.databases.close()
