"""Jobs without assets: nothing is built by them, rows go. What goes when is told in `pipelines.privacy`."""

import dagster as dg

from pipelines.privacy.retention import apply_retention
from pipelines.resources.platform import Platform
from tekup.errors import TekupError
from tekup.privacy.erasing import erase_person, settle_requests
from tekup.privacy.exporting import export_person
from tekup.privacy.requests import Requests


@dg.op(required_resource_keys={"platform"}, description="Export and erase whom tenants asked for; settle what is done.")
def work_off_requests(context: dg.OpExecutionContext) -> None:
    """One tenant's trouble costs no other anything: a request that fails is tried again at the next tick."""
    platform: Platform = context.resources.platform
    for tenant in platform.tenants():
        for request in Requests(platform.doors, tenant.id).list(is_open=True):
            work = erase_person if request.kind == "erase" else export_person
            try:
                work(platform.doors, tenant.id, request.id)
            except TekupError as error:
                context.log.warning(f"{request.kind} {request.id} of {tenant.name}: {error.what}")
        settled = settle_requests(platform.doors, tenant.id)
        if settled:
            context.log.info(f"{tenant.name}: {settled} requests settled")


@dg.op(required_resource_keys={"platform"}, description="Remove rows that are past their time, by each tenant's rules.")
def remove_old_rows(context: dg.OpExecutionContext) -> None:
    """Tenant by tenant and rule by rule."""
    platform: Platform = context.resources.platform
    for tenant in platform.tenants():
        for table, rows in apply_retention(platform.doors, tenant.id).items():
            context.log.info(f"{tenant.name}: {rows:,} rows of {table} are past their time")


@dg.job(name="privacy_requests", description="Work off requests to export or erase a person.")
def privacy_requests() -> None:
    """The requests that are open."""
    work_off_requests()


@dg.job(name="retention", description="Remove what is past its time.")
def retention() -> None:
    """All rules of all tenants."""
    remove_old_rows()


every_few_minutes = dg.ScheduleDefinition(
    name="privacy_requests_every_five_minutes",
    job=privacy_requests,
    cron_schedule="*/5 * * * *",
    execution_timezone="Europe/Copenhagen",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every five minutes, the requests about persons that are open.",
)
nightly_retention = dg.ScheduleDefinition(
    name="nightly_retention",
    job=retention,
    cron_schedule="40 2 * * *",
    execution_timezone="Europe/Copenhagen",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Before the nightly build, which then hears of what went.",
)
