"""Taking forms in: each submission once, no program's, nobody's who was erased, and a lead with consent and origin."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from serving.forms.challenges import GOOD_FOR, Challenges, is_solved, read_key
from serving.forms.reading import lead_values, other_answers, read_answers
from serving.forms.repository import FormRepository
from serving.forms.schemas import TRAP, ConsentText, FormAnswers, FormField, FormReceipt, PublicForm
from serving.kit.audit import note_change
from serving.kit.buckets import Limit
from serving.kit.databases import Databases
from serving.kit.erasures import find_erased
from serving.kit.problems import Problem, not_found, unusable_field
from serving.kit.rate_limits import RateLimiter
from serving.leads import service as lead_service
from serving.leads.repository import LeadRepository
from serving.outbox import emit
from serving.touchpoints.repository import TouchpointRepository
from serving.touchpoints.service import UNKNOWN, is_bot
from tekup.clock import utc_now
from tekup.contracts.events import TouchpointRecorded
from tekup.contracts.form_events import FormSubmitted
from tekup.crypto.keys import MasterKey
from tekup.ids import uuid7
from tekup.tenancy import TenantContext

_UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
_log = structlog.get_logger("serving.forms")


@dataclass(frozen=True, slots=True)
class Visit:
    """Where a submission comes from."""

    address: str
    origin: str | None
    user_agent: str | None
    request_id: str


class FormDesk:
    """Shows forms to web pages and takes in what they send."""

    def __init__(self, databases: Databases, master_key: MasterKey, limiter: RateLimiter) -> None:
        self._databases, self._master_key, self._limiter = databases, master_key, limiter
        self._challenges = Challenges(master_key.derive("form challenge"))

    async def show(self, key: str, origin: str | None) -> PublicForm:
        """A form for a web page, with a new challenge.

        Raises:
            Problem: 404 no such form is open, 403 the site may not show it.
        """
        tenant_id, form_id = _read_key(key)
        async with self._databases.operational(TenantContext.system(tenant_id)) as session:
            form = await _open_form(session, tenant_id, form_id, key, origin)
        return PublicForm(
            name=form.name,
            fields=[FormField.model_validate(one) for one in form.fields],
            consents=[ConsentText.model_validate(one) for one in form.consents],
            consent_version=form.consent_version,
            challenge=self._challenges.make(form.id, utc_now()),
            work_bits=form.work_bits,
            trap=TRAP,
        )

    async def take(self, key: str, body: FormAnswers, visit: Visit) -> FormReceipt:
        """Store a submission, its lead, its touchpoint and their events in one transaction.

        Raises:
            Problem: 404 and 403 as `show`, 409 the challenge is too old or the texts have changed, 422 an answer can't
                be used, 429 too many of one address.
        """
        tenant_id, form_id = _read_key(key)
        async with self._databases.operational(TenantContext.system(tenant_id), read_only=False) as session:
            repository = FormRepository(session, tenant_id)
            form = await _open_form(session, tenant_id, form_id, key, visit.origin)
            limit = Limit("form", form.most_an_hour, 3600)
            await self._limiter.admit(f"form:{form.id}:{visit.address}", limit)
            receipt = FormReceipt(id=body.id, thanks=form.thanks, redirect_url=form.redirect_url)
            if await repository.find_submission(body.id) is not None:
                return receipt
            values: dict[str, Any] = {"id": body.id, "form_id": form.id, "challenge": body.challenge}
            reason = self._find_out(form, body, visit)
            if reason is None:
                facts = _read(form, body)
                verdict = "held" if await self._is_erased(repository, body, facts) else "accepted"
            else:
                verdict = "spam"
            if verdict == "accepted":
                values |= await _store(repository, form, body, facts, visit)
            values |= {"verdict": verdict, "reason": reason}
            if not await repository.add_submission(values):
                # sent twice at once, or with a challenge that was used before: the first one counts
                raise Problem(409, "sent-already", "this form was sent in already", hint="load the form again")
            _log.info("form sent in", verdict=verdict, reason=reason, form_id=str(form.id))
        return receipt

    def _find_out(self, form: Row[Any], body: FormAnswers, visit: Visit) -> str | None:
        """What gives a program away; None for a person."""
        issued_at = self._challenges.issued_at(body.challenge, form.id)
        if issued_at is None:
            raise Problem(409, "challenge-refused", "the challenge is not of this form", hint="load the form again")
        age = utc_now() - issued_at
        if age > GOOD_FOR:
            raise Problem(409, "challenge-refused", "the form was opened too long ago", hint="load the form again")
        if body.answers.get(TRAP):
            return "trap"
        if age.total_seconds() < form.min_seconds:
            return "too quick"
        if visit.user_agent and is_bot(visit.user_agent):
            return "bot"
        return None if is_solved(body.challenge, body.work, form.work_bits) else "no work"

    async def _is_erased(self, repository: FormRepository, body: FormAnswers, facts: dict[str, Any]) -> bool:
        """Whether one of the identifiers is that of a person who was erased: he comes back by his own request alone."""
        told = [("email", facts["lead"].get("email")), ("cookie", body.anonymous_id)]
        told += [("phone", facts["read"].get(field.name)) for field in facts["fields"] if field.kind == "phone"]
        given = [(kind, value) for kind, value in told if value]
        return bool(await find_erased(repository.session, repository.tenant_id, self._master_key, given))


def _read_key(key: str) -> tuple[UUID, UUID]:
    named = read_key(key)
    if named is None:
        raise not_found("form")
    return named


async def _open_form(session: AsyncSession, tenant_id: UUID, form_id: UUID, key: str, origin: str | None) -> Row[Any]:
    form = await FormRepository(session, tenant_id).find_open(form_id, key)
    if form is None:
        raise not_found("form")
    if origin is None or origin.lower() not in form.origins:
        raise Problem(
            403, "origin-refused", "the form may not be shown on this site", hint="add the site to the form's origins"
        )
    return form


def _read(form: Row[Any], body: FormAnswers) -> dict[str, Any]:
    """The answers as they can be stored.

    Raises:
        Problem: 422 that names each answer that can't be used; 409 where other texts of consent stand there now.
    """
    fields = [FormField.model_validate(one) for one in form.fields]
    read, wrong = read_answers(fields, {name: value for name, value in body.answers.items() if name != TRAP})
    faults = [{"pointer": f"/answers/{name}", "detail": detail} for name, detail in wrong.items()]
    if form.consents and body.consent_version != form.consent_version:
        raise Problem(409, "consent-changed", "the texts to agree to have changed", hint="load the form again")
    known = {one["key"]: one for one in form.consents}
    faults += [{"pointer": "/consents", "detail": f"no {key}"} for key in body.consents if key not in known]
    faults += [
        {"pointer": "/consents", "detail": f"{key} must be agreed to"}
        for key, one in known.items()
        if one["is_required"] and key not in body.consents
    ]
    lead = lead_values(fields, read)
    if not faults and not any(lead.get(name) for name in ("email", "full_name", "company_name")):
        raise unusable_field("/answers", "must tell an e-mail, a name or a company")
    if faults:
        raise Problem(422, "unusable-input", "the request can't be used", errors=faults)
    return {"fields": fields, "read": read, "lead": lead}


async def _store(
    repository: FormRepository, form: Row[Any], body: FormAnswers, facts: dict[str, Any], visit: Visit
) -> dict[str, Any]:
    """The lead, its touchpoint and the events; what the submission holds of them."""
    session, tenant_id, given = repository.session, repository.tenant_id, set(body.consents)
    campaigns = TouchpointRepository(session, tenant_id)
    by_name = await campaigns.campaigns_called({body.utm_campaign} if body.utm_campaign else set())
    campaign_id = by_name.get(body.utm_campaign or "") or form.campaign_id
    values = {
        **facts["lead"],
        "source": form.source or "form",
        "landing_page": (body.landing_page or "")[:500] or None,
        "anonymous_id": body.anonymous_id,
        "campaign_id": campaign_id,
        "has_marketing_consent": any(one["grants_marketing"] and one["key"] in given for one in form.consents),
    }
    lead = await lead_service.add_row(LeadRepository(session, tenant_id), values, visit.request_id, _actor(form))
    touch = {
        "id": uuid7(), "kind": "form", "channel": UNKNOWN, "lead_id": lead.id, "contact_id": None,
        "anonymous_id": body.anonymous_id, "campaign_id": campaign_id, "occurred_at": utc_now(), "device": None,
        "landing_page": body.landing_page, "referrer": body.referrer,
        **{name: getattr(body, name) for name in _UTM},
    }  # fmt: skip
    await campaigns.add([touch])
    recorded = TouchpointRecorded(
        touchpoint_id=touch["id"], kind="form", channel=UNKNOWN, lead_id=lead.id, occurred_at=touch["occurred_at"]
    )
    await emit(session, tenant_id, recorded, touch["id"], visit.request_id)
    told = FormSubmitted(form_id=form.id, submission_id=body.id, lead_id=lead.id)
    await emit(session, tenant_id, told, form.id, visit.request_id)
    note_change(session, "form.submit", "form", form.id, actor=_actor(form), details={"lead_id": str(lead.id)})
    return {
        "lead_id": lead.id,
        "touchpoint_id": touch["id"],
        "answers": other_answers(facts["fields"], facts["read"]),
        "consent_version": form.consent_version if form.consents else None,
        "consents": [{**one, "is_given": one["key"] in given} for one in form.consents],
        "consented_at": utc_now() if form.consents else None,
    }


def _actor(form: Row[Any]) -> tuple[Any, str]:
    return ("anonymous", f"form:{form.id}")
