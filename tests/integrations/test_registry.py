"""Sources are opened by name, and every one of them keeps the common promises."""

import time

import pytest

from integrations.hubspot.client import HubspotSource
from integrations.kit.client import KitSource
from integrations.registry import VENDORS, open_source, webhook_format
from integrations.retry import RetryPolicy
from integrations.sandbox.identifiers import sandbox_credential
from integrations.source import Source
from integrations.stripe.client import StripeSource
from tekup.errors import CredentialRefused, VendorError
from tests.integrations.running import Sandbox

SLUG = "nordlys-solar"


def _open(sandbox: Sandbox, vendor: str) -> Source:
    source: Source = getattr(sandbox, vendor)(SLUG)
    return source


def _pull(source: Source, stream: str, cursor: dict[str, object] | None = None) -> dict[str, bytes]:
    return {r.object_id: r.payload for page in source.pages(stream, cursor) for r in page.records if not r.deleted}


STREAMS = [
    *(("hubspot", s) for s in HubspotSource.streams),
    *(("stripe", s) for s in StripeSource.streams),
    *(("kit", s) for s in KitSource.streams),
]


@pytest.mark.parametrize("vendor", VENDORS)
def test_check_names_every_stream(sandbox: Sandbox, vendor: str) -> None:
    source = open_source(vendor, sandbox_credential(vendor, SLUG), f"{sandbox.url}/{vendor}")
    checked = source.check()
    assert dict.fromkeys(source.streams, "ok").items() <= checked.items()
    source.close()


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_refused_credential_is_said_at_once_and_clearly(sandbox: Sandbox, vendor: str) -> None:
    source = open_source(vendor, "wrong", f"{sandbox.url}/{vendor}")
    with pytest.raises(CredentialRefused, match=f"{vendor} refused the credential") as caught:
        list(source.pages(source.streams[0], None))
    assert f"tekup connect TENANT {vendor}" in str(caught.value)
    assert len(sandbox.requests(vendor=vendor)) == 1


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_address_where_nobody_listens_ends_in_one_clear_error(sandbox: Sandbox, vendor: str) -> None:
    source = _open(sandbox, vendor)
    sandbox.__exit__(None, None, None)
    with pytest.raises(VendorError, match=f"{vendor} could not be read .* the connection failed"):
        list(source.pages(source.streams[0], None))
    assert len(sandbox.slept) == 5


def test_unknown_names_are_refused(sandbox: Sandbox) -> None:
    with pytest.raises(VendorError, match="no vendor 'salesforce'"):
        open_source("salesforce", "x")
    for vendor in VENDORS:
        with pytest.raises(ValueError, match="no stream"):
            list(_open(sandbox, vendor).pages("unicorns", None))


@pytest.mark.parametrize(("vendor", "stream"), STREAMS)
def test_every_cursor_resumes_exactly_after_its_page(sandbox: Sandbox, vendor: str, stream: str) -> None:
    pages = list(_open(sandbox, vendor).pages(stream, None))
    whole = [record.object_id for page in pages for record in page.records]
    assert len(whole) == len(set(whole)) > 0
    for place, page in enumerate(pages[:-1]):
        rest = _open(sandbox, vendor).pages(stream, page.cursor)
        resumed = [record.object_id for later in rest for record in later.records]
        assert resumed == [record.object_id for later in pages[place + 1 :] for record in later.records]


@pytest.mark.parametrize(
    ("vendor", "stream"), [("hubspot", "contacts"), ("stripe", "invoices"), ("kit", "subscribers")]
)
def test_faults_on_the_way_change_nothing_in_what_arrives(sandbox: Sandbox, vendor: str, stream: str) -> None:
    calm = _pull(_open(sandbox, vendor), stream)
    sandbox.fault(kind="status", status=429, retry_after=3, vendor=vendor)
    sandbox.fault(kind="status", status=429, vendor=vendor)
    for kind in ("reset", "truncate", "invalid_json"):
        sandbox.fault(kind=kind, vendor=vendor)
    pages = list(_open(sandbox, vendor).pages(stream, None))
    stormy = {record.object_id: record.payload for page in pages for record in page.records if not record.deleted}
    assert stormy == calm
    assert sum(page.retries for page in pages) == 5
    assert sum(page.throttled_ms for page in pages) >= 3000


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_token_that_expires_in_mid_stream_is_a_clear_error(sandbox: Sandbox, vendor: str) -> None:
    stream = {"hubspot": "contacts", "stripe": "invoices", "kit": "broadcasts"}[vendor]
    sandbox.fault(kind="expired_token", vendor=vendor, nth=2, times=0)
    pages = _open(sandbox, vendor).pages(stream, None)
    with pytest.raises(CredentialRefused, match="refused the credential"):
        for _ in pages:
            pass


def test_a_vendor_that_stays_broken_ends_in_one_clear_error(sandbox: Sandbox) -> None:
    sandbox.fault(kind="status", status=503, vendor="stripe", tenant=SLUG, times=0)
    with pytest.raises(VendorError, match="after 6 tries: it answered 503"):
        _pull(_open(sandbox, "stripe"), "customers")
    assert _pull(sandbox.stripe("klar-regnskab"), "customers")


@pytest.mark.parametrize(("vendor", "stream"), [("hubspot", "contacts"), ("hubspot", "deals"), ("stripe", "customers")])
def test_twins_with_the_same_ids_are_never_mixed(sandbox: Sandbox, vendor: str, stream: str) -> None:
    one = _pull(getattr(sandbox, vendor)("fjord-software"), stream)
    two = _pull(getattr(sandbox, vendor)("byg-og-bo"), stream)
    shared = one.keys() & two.keys()
    assert shared
    assert all(one[key] != two[key] for key in shared)


@pytest.mark.parametrize(("vendor", "stream"), [("hubspot", "owners"), ("stripe", "products"), ("kit", "tags")])
def test_an_answer_that_drips_in_is_given_up_and_read_again(sandbox: Sandbox, vendor: str, stream: str) -> None:
    source = getattr(sandbox, vendor)("fjord-software")
    list(source.pages(stream, None))
    retry = RetryPolicy(sleep=lambda _: None, deadline_seconds=0.5)
    source = getattr(sandbox, vendor)("fjord-software", retry=retry)
    sandbox.fault(kind="drip", vendor=vendor, seconds=4.0)
    began = time.monotonic()
    assert [record for page in source.pages(stream, None) for record in page.records]
    assert time.monotonic() - began < 3.5


def test_every_vendor_has_a_format_of_webhooks_and_others_have_none() -> None:
    assert all(webhook_format(vendor) is not None for vendor in VENDORS)
    assert webhook_format("openai") is None
