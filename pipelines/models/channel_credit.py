"""Attribution of each tenant's won leads to channels, from the lake into the warehouse. No Dagster here."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from uuid import UUID

import attribution
from pipelines.models import attribution_tables
from pipelines.models.attribution_engine import open_inputs
from pipelines.models.attribution_inputs import end_of
from pipelines.models.attribution_news import Summed, sum_tenant
from pipelines.models.attribution_report import make_tables
from pipelines.models.attribution_settings import AttributionSettings, read_attribution_settings
from pipelines.resources.platform import Platform
from tekup.errors import TekupError


@dataclass(frozen=True, slots=True)
class Attributed:
    """What became of one tenant: ``fault`` says why nothing was written, ``left_out`` which models and why.

    ``rows`` of credit by day that were written; 0 where nothing had changed. ``people`` whose journeys were built anew
    (None: all of them). ``fingerprint`` of what it rests on.
    """

    domain: str
    fingerprint: str = ""
    rows: int = 0
    people: int | None = None
    is_unchanged: bool = False
    fault: str | None = None
    hint: str | None = None
    left_out: dict[str, str] = field(default_factory=dict)


def attribute_all(platform: Platform, *, as_of: date | datetime | None = None, full: bool = False) -> list[Attributed]:
    """Credit for each tenant; what one tenant's settings or data refuse costs no other tenant anything.

    A tenant whose touches, conversions, settings and models are those of its last computation is passed over. Where
    only touches and conversions have news, the people they are about are counted anew; ``full`` counts everybody. With
    ``as_of`` the tables stay as they are, and credit as of that moment is kept as a snapshot.
    """
    done = []
    for tenant in platform.tenants():
        try:
            found = attribute_tenant(platform, tenant.id, tenant.domain, as_of=as_of, full=full)
        except TekupError as error:
            found = Attributed(tenant.domain, fault=error.what, hint=error.hint)
        with platform.warehouse(tenant.id) as connection:
            attribution_tables.note_verdict(connection, tenant.id, found.fault)
        done.append(found)
    return done


def attribute_tenant(
    platform: Platform, tenant_id: UUID, domain: str = "", *, as_of: date | datetime | None = None, full: bool = False
) -> Attributed:
    """Replace one tenant's tables in one transaction, or keep a snapshot as of a moment that has none yet.

    Raises:
        BadInput: a setting of the tenant, or its data, can't be used.
    """
    settings = read_attribution_settings(platform.doors, tenant_id)
    moment = None if as_of is None else end_of(as_of, settings.timezone)
    inputs = open_inputs(platform, tenant_id, settings, moment)
    basis = _basis(settings, moment)
    rests_on = _hash(basis, inputs.digest())
    with platform.warehouse(tenant_id) as connection:
        if moment is not None:
            is_known = attribution_tables.has_snapshot(connection, tenant_id, moment)
        else:
            is_known = not full and attribution_tables.read_fingerprint(connection, tenant_id) == rests_on
        if is_known:
            return Attributed(domain, rests_on, is_unchanged=True)
    if moment is not None:
        summed = Summed(inputs.sum_all(settings, moment))
    else:
        summed = sum_tenant(platform.lake, tenant_id, inputs, settings, basis=basis, full=full)
    tables, told = make_tables(summed.sums, settings)
    credit = tables["attribution_credit"]
    with platform.warehouse(tenant_id) as connection:
        if moment is not None:
            attribution_tables.write_snapshot(connection, tenant_id, moment, credit)
        else:
            attribution_tables.replace_tables(connection, tenant_id, tables)
            attribution_tables.note_run(connection, tenant_id, rests_on, told)
    return Attributed(domain, rests_on, credit.height, people=summed.people, left_out=told["left_out"])


def _basis(settings: AttributionSettings, as_of: datetime | None) -> str:
    """Changes with any setting that credit rests on, and with the models' code."""
    return _hash(settings.tell(), None if as_of is None else as_of.isoformat(), _code())


def _hash(*told: object) -> str:
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()


@lru_cache(maxsize=1)
def _code() -> str:
    digest = hashlib.sha256()
    for folder in (Path(attribution.__file__).parent, Path(__file__).parent):
        for file in sorted(folder.glob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()
