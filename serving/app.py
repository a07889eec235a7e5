"""The HTTP application: what it is made of, how it starts and stops. What it answers is the domains' affair.

Run by `uvicorn --factory serving.app:create_app`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI

from serving.account.service import AccountDesk
from serving.api import include_routers
from serving.auth.access_tokens import AccessTokens
from serving.auth.admission import Admission
from serving.auth.key_ring import KeyRing
from serving.auth.notices import Notices
from serving.auth.second_factors import SecondFactors
from serving.auth.service import SignInDesk
from serving.auth.subject import Authenticator
from serving.deliveries.service import OutgoingDesk
from serving.events.service import EventDesk
from serving.identity_providers.protocol import ProviderClient
from serving.identity_providers.service import ProviderDesk
from serving.kit.cursors import CursorSigner
from serving.kit.databases import Databases
from serving.kit.metrics import Metrics
from serving.kit.problems import ProblemDocument, install_problem_handlers
from serving.kit.requests import RequestLayer
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
    app.add_middleware(RequestLayer, metrics=metrics)
    return app


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state = app.state
    doors = Doors(state.settings)
    doors.prepare()
    state.databases = Databases(doors)
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
    state.live_model = LiveModel(state.settings.models_of("lead_score"), state.metrics)
    state.score_desk = ScoreDesk(state.live_model, state.metrics)
    running = [
        asyncio.create_task(work)
        for work in (state.wake.run(), state.event_desk.feeds.run(), state.event_desk.watch.run())
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
