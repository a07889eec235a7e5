"""What callers asked for and were refused goes into the trail of their own tenant, once they have their answer.

A caller whom nobody knows has no tenant and so no trail: the access log tells of him.
"""

import structlog
from starlette.types import Message, Send

from serving.kit.access import Access
from serving.kit.audit import RECORDER, Recorder, make_entry
from tekup.db import Database

_REFUSALS = (401, 403, 404)
_READING = ("GET", "HEAD", "OPTIONS")
_log = structlog.get_logger("serving.audit")


class RefusalWatch:
    """Passes an answer on and remembers its status. Another tenant's thing and one that never was are both a 404."""

    def __init__(self, send: Send) -> None:
        self._send, self._status = send, 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
        await self._send(message)

    async def tell(self, access: Access) -> None:
        """Write the entry of a refusal. A fault of the database is logged: the caller was refused all the same."""
        if self._status not in _REFUSALS or access.caller is None or access.scope.get("route") is None:
            return
        databases = access.scope["app"].state.databases
        action = "read" if access.scope["method"] in _READING else "write"
        named = next((str(value) for value in access.path_values.values()), None)
        entry = make_entry(
            access.caller.tenant_id,
            access,
            action,
            outcome="refused",
            entity_id=named,
            details={"status": self._status},
        )
        try:
            async with databases.own_session(Database.OPERATIONAL, access.caller.context, read_only=False) as session:
                recorder: Recorder = session.sync_session.info[RECORDER]
                recorder.entries.append(entry)
                await session.commit()
        except Exception as error:
            _log.error("a refusal could not be told", error=type(error).__name__, request_id=access.request_id)
