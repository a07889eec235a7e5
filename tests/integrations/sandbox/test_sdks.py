"""The vendors' official SDKs work unchanged against the sandbox, in typed mode too."""

import openai
import pytest
import stripe
from hubspot import HubSpot
from hubspot.crm.contacts import Filter, FilterGroup, PublicObjectSearchRequest, SimplePublicObjectInputForCreate
from hubspot.crm.contacts.exceptions import UnauthorizedException

from tests.integrations.running import Sandbox

SLUG = "nordlys-solar"


def _hubspot(sandbox: Sandbox, token: str = f"sandbox-hubspot-{SLUG}") -> HubSpot:
    return HubSpot(access_token=token, host=f"{sandbox.url}/hubspot")


def test_hubspot_pages_creates_searches_updates_and_archives(sandbox: Sandbox) -> None:
    contacts = _hubspot(sandbox).crm.contacts
    everybody = contacts.get_all(properties=["email"])
    assert len(everybody) > 200
    assert everybody[0].properties["email"]
    made = contacts.basic_api.create(
        SimplePublicObjectInputForCreate(properties={"email": "sdk@example.test"}, associations=[])
    )
    wanted = Filter(property_name="email", operator="EQ", value="sdk@example.test")
    found = contacts.search_api.do_search(
        PublicObjectSearchRequest(filter_groups=[FilterGroup(filters=[wanted])], limit=5)
    )
    assert (found.total, found.results[0].id) == (1, made.id)
    contacts.basic_api.archive(made.id)
    recycled = contacts.basic_api.get_page(archived=True, limit=100)
    assert made.id in [item.id for item in recycled.results]


def test_hubspot_reads_owners_pipelines_and_associations(sandbox: Sandbox) -> None:
    crm = _hubspot(sandbox).crm
    assert crm.owners.get_all()
    assert len(crm.pipelines.pipelines_api.get_all("deals").results[0].stages) == 6
    page = crm.deals.basic_api.get_page(limit=50, associations=["contacts"])
    assert any(deal.associations for deal in page.results)


def test_hubspot_raises_its_own_error_for_a_wrong_token(sandbox: Sandbox) -> None:
    with pytest.raises(UnauthorizedException):
        _hubspot(sandbox, "wrong").crm.contacts.basic_api.get_page()


def test_stripe_pages_in_both_directions_and_changes(sandbox: Sandbox) -> None:
    client = stripe.StripeClient(f"sandbox-stripe-{SLUG}", base_addresses={"api": f"{sandbox.url}/stripe"})
    invoices = list(client.v1.invoices.list({"limit": 7}).auto_paging_iter())
    assert len({invoice.id for invoice in invoices}) == len(invoices) > 50
    assert [invoice.created for invoice in invoices] == sorted((i.created for i in invoices), reverse=True)
    oldest = client.v1.invoices.list({"limit": 7, "ending_before": invoices[-1].id})
    assert [invoice.id for invoice in oldest.data] == [invoice.id for invoice in invoices[-8:-1]]
    statuses = {item.status for item in client.v1.subscriptions.list({"limit": 100, "status": "all"}).data}
    shown = {item.status for item in client.v1.subscriptions.list({"limit": 100}).data}
    assert "canceled" in statuses
    assert "canceled" not in shown
    charge = next(c for c in client.v1.charges.list({"limit": 100}).data if c.paid and not c.refunded)
    refund = client.v1.refunds.create({"charge": charge.id, "amount": 100})
    assert client.v1.charges.retrieve(charge.id).amount_refunded == charge.amount_refunded + 100
    events = client.v1.events.list({"types": ["refund.created"], "limit": 1})
    assert events.data[0].data.object["id"] == refund.id
    customer = client.v1.customers.create({"email": "sdk@example.test"})
    client.v1.customers.delete(customer.id)
    assert client.v1.customers.retrieve(customer.id).deleted
    assert customer.id not in [c.id for c in client.v1.customers.list({"limit": 100}).data]


def test_stripe_raises_its_own_errors(sandbox: Sandbox) -> None:
    with pytest.raises(stripe.AuthenticationError):
        stripe.StripeClient("wrong", base_addresses={"api": f"{sandbox.url}/stripe"}).v1.customers.list()
    with pytest.raises(stripe.InvalidRequestError):
        stripe.StripeClient(
            f"sandbox-stripe-{SLUG}", base_addresses={"api": f"{sandbox.url}/stripe"}
        ).v1.charges.retrieve("ch_none")


def test_openai_answers_text_and_models(sandbox: Sandbox) -> None:
    client = openai.OpenAI(api_key=f"sandbox-openai-{SLUG}", base_url=f"{sandbox.url}/openai/v1", max_retries=0)
    first = client.responses.create(model="gpt-5-mini", input="Please send pricing, we are ready to buy.")
    again = client.responses.create(model="gpt-5-mini", input="Please send pricing, we are ready to buy.")
    assert first.output_text == again.output_text != ""
    assert "gpt-5-mini" in [model.id for model in client.models.list()]
