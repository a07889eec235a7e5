"""Routes of files' metadata."""

from serving.files.resources import FILE
from serving.records.routes import resource_router

router = resource_router(FILE)
