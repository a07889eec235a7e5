"""The live model of the registry, swapped under running requests when another is promoted. Scoring is not done here."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import structlog

from scoring.model import LeadModel
from scoring.registry import Registry
from serving.kit.metrics import Metrics
from serving.kit.problems import Problem

LOOK_SECONDS = 1.0
_log = structlog.get_logger("serving")


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in memory with its version."""

    version: str
    model: LeadModel
    known: frozenset[str]


class LiveModel:
    """Looks at the registry's history at most once a second and loads a new model, all off the event loop.

    The old model answers until the new one is loaded and warm; a model that can't be loaded leaves the old one in
    place, and the log says why.
    """

    def __init__(self, location: str | Path, metrics: Metrics) -> None:
        self._registry = Registry(location)
        self._metrics = metrics
        self._loaded: LoadedModel | None = None
        self._stamp: str | None = None
        self._looked_at = float("-inf")
        self._loading = asyncio.Lock()
        self._look: asyncio.Task[None] | None = None

    async def current(self) -> LoadedModel:
        """The live model.

        Raises:
            Problem: 503 where there is none yet.
        """
        now = time.monotonic()
        if now - self._looked_at >= LOOK_SECONDS:
            self._looked_at = now
            if self._loaded is None:
                await self._refresh()
            elif self._look is None or self._look.done():
                self._look = asyncio.create_task(self._refresh())
        elif self._loaded is None:
            async with self._loading:
                pass
        if self._loaded is None:
            raise Problem(
                503,
                "no-model",
                "no model is live yet",
                hint="`tekup run` trains one and makes it live",
                headers={"retry-after": "60"},
            )
        return self._loaded

    async def close(self) -> None:
        """Wait for a look that is under way."""
        if self._look is not None:
            await asyncio.gather(self._look, return_exceptions=True)

    async def _refresh(self) -> None:
        async with self._loading:
            try:
                stamp = await asyncio.to_thread(self._registry.stamp)
                if stamp == self._stamp:
                    return
                loaded = await asyncio.to_thread(self._read)
            except Exception as error:
                # whatever is wrong with the new one, the old one still answers
                _log.error("model not loaded", error=f"{type(error).__name__}: {error}")
                return
            self._loaded, self._stamp = loaded, stamp
            self._metrics.note_model(loaded.version if loaded else None)

    def _read(self) -> LoadedModel | None:
        version = self._registry.live_version()
        if version is None:
            return None
        if self._loaded is not None and self._loaded.version == version:
            return self._loaded  # only a challenger came or went
        model = self._registry.load(version)
        model.score_one(dict.fromkeys(model.features), tenant="")  # a stranger; builds what is built at first use
        return LoadedModel(version, model, frozenset(model.features) | frozenset(model.schema.unused))
