"""The one route that vendors call. No token is needed: the address and the vendor's signature are the proof."""

from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect

from integrations.webhooks import Arrival
from serving.kit.problems import Problem, ProblemDocument
from serving.webhooks.schemas import Receipt
from serving.webhooks.service import WebhookDesk

LARGEST_BODY_BYTES = 2_000_000

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])


@router.post(
    "/{vendor}/{connection}",
    responses={status: {"model": ProblemDocument} for status in (400, 401, 404, 413)},
)
async def receive_webhook(request: Request, vendor: str, connection: str) -> Receipt:
    """A vendor's delivery for one connection; `tekup webhooks enable` prints the address.

    Stored before it is answered, and each event once however often it comes. 404 where the address is unknown, 401
    where the vendor's signature is wrong or more than five minutes old or ahead, 400 where the body is unreadable,
    413 above 2 MB.
    """
    desk: WebhookDesk = request.app.state.webhook_desk
    headers = {name.lower(): value for name, value in request.headers.items()}
    arrival = Arrival(request.method, desk.address_of(_base(request), _target(request)), headers, await _body(request))
    return Receipt(stored=await desk.receive(vendor, connection, arrival))


async def _body(request: Request) -> bytes:
    """The raw body, for signatures are made over its bytes; a larger one than any vendor sends is not read on."""
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > LARGEST_BODY_BYTES:
                raise Problem(413, "too-large", f"the body is larger than {LARGEST_BODY_BYTES // 1_000_000} MB")
            parts.append(part)
    except ClientDisconnect:
        raise Problem(400, "unreadable", "the delivery broke off") from None
    return b"".join(parts)


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers.get('host', '')}"


def _target(request: Request) -> str:
    """Path and query as they were sent, with their escapes."""
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    query: bytes = request.scope.get("query_string", b"")
    return (raw + b"?" + query if query else raw).decode("latin-1")
