"""What browsers ask before a page of another site sends a form in. Whether that site may is the form's decision."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PREFIX = "/v1/public/forms/"


class FormOriginLayer:
    """ASGI middleware that lets pages read the answers of the public routes of forms, which hold nothing secret.

    No cookie and no token is sent along, so that nothing is opened by it. A site that is not among a form's origins
    reads that it was refused.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = Headers(scope=scope).get("origin") if scope["type"] == "http" else None
        if origin is None or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        allowed = {"access-control-allow-origin": origin, "vary": "origin"}
        if scope["method"] == "OPTIONS":
            asked = {
                "access-control-allow-methods": "GET, POST",
                "access-control-allow-headers": "content-type",
                "access-control-max-age": "600",
            }
            await Response(status_code=204, headers=allowed | asked)(scope, receive, send)
            return

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in allowed.items():
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, send_on)
