"""Routes of saved views."""

from serving.records.routes import resource_router
from serving.views.resources import VIEW

router = resource_router(VIEW)
