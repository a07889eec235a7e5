"""Routes of forms: arranging them, what was sent in, and what web pages load and send."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import FileResponse

from serving.forms.resources import FORM, SUBMISSION
from serving.forms.schemas import FormAnswers, FormReceipt, PublicForm
from serving.forms.service import FormDesk, Visit
from serving.records.routes import reading_router, resource_router

SCRIPT = Path(__file__).with_name("form.js")

router = APIRouter()
public = APIRouter(prefix="/v1/public/forms", tags=["forms"])


@public.get("/form.js", response_class=FileResponse)
async def get_form_script() -> FileResponse:
    """The script that shows a form on your web page and sends it in."""
    return FileResponse(
        SCRIPT,
        media_type="text/javascript; charset=utf-8",
        headers={"cache-control": "public, max-age=3600", "cross-origin-resource-policy": "cross-origin"},
    )


@public.get("/{public_key}")
async def show_form(
    request: Request, public_key: str, origin: Annotated[str | None, Header(max_length=300)] = None
) -> PublicForm:
    """A form as a web page shows it, with a challenge that is good for one submission within a day."""
    desk: FormDesk = request.app.state.form_desk
    return await desk.show(public_key, origin)


@public.post("/{public_key}/submissions", status_code=202)
async def take_form(
    request: Request,
    public_key: str,
    body: FormAnswers,
    origin: Annotated[str | None, Header(max_length=300)] = None,
    user_agent: Annotated[str | None, Header(max_length=2_000)] = None,
) -> FormReceipt:
    """Send a form in. The answer is the same for a program that was found out, whose submission becomes no lead.

    Sending the same `id` again does no harm. 409 asks the page to load the form again: its challenge was used or is
    too old, or the texts to agree to have changed.
    """
    desk: FormDesk = request.app.state.form_desk
    address = request.client.host if request.client else "unknown"
    return await desk.take(public_key, body, Visit(address, origin, user_agent, request.scope["request_id"]))


router.include_router(public)
router.include_router(resource_router(FORM))
router.include_router(reading_router(SUBMISSION))
