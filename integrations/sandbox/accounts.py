"""Whose data a credential opens: the accounts of every vendor and tenant, built when first asked for. No HTTP."""

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from integrations.sandbox import kit
from integrations.sandbox.exchange import Clock
from integrations.sandbox.hubspot import HubspotAccount
from integrations.sandbox.hubspot_oauth import HubspotGrants
from integrations.sandbox.hubspot_store import HubspotStore
from integrations.sandbox.identifiers import sandbox_credential
from integrations.sandbox.kit_account import KitAccount
from integrations.sandbox.kit_oauth import KitGrants
from integrations.sandbox.openai import OpenaiAccount
from integrations.sandbox.stripe import StripeAccount
from integrations.sandbox.stripe_keys import account_id, parse_key
from integrations.sandbox.stripe_store import StripeStore
from integrations.sandbox.tenants import BY_SLUG, TENANTS, TenantSpec

VENDORS = ("hubspot", "stripe", "kit", "openai")


@dataclass
class Accounts:
    """Built from the vendors' frames alone: the truth never comes near the server."""

    vendors: dict[str, pl.DataFrame]
    clock: Clock
    _built: dict[tuple[str, str], Any] = field(default_factory=dict)
    _slugs: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.kit_grants = KitGrants(self.clock)
        self.hubspot_grants = HubspotGrants(self.clock)
        for tenant in TENANTS:
            for vendor in VENDORS:
                if vendor in tenant.vendors or vendor == "openai":
                    self._slugs[sandbox_credential(vendor, tenant.slug)] = (vendor, tenant.slug)

    def slug_of(self, vendor: str, credential: str) -> str | None:
        """Return the tenant that a credential of this vendor belongs to."""
        if vendor == "stripe":
            access = parse_key(credential)
            return access.slug if access else None
        known = self._slugs.get(credential)
        if known is None and vendor == "kit":
            return self.kit_grants.slug_of(credential)
        if known is None and vendor == "hubspot":
            return self.hubspot_grants.slug_of(credential)
        return known[1] if known is not None and known[0] == vendor else None

    def open(self, vendor: str, slug: str) -> Any:
        """Return the tenant's account at the vendor."""
        account = self._built.get((vendor, slug))
        if account is None:
            account = self._build(vendor, BY_SLUG[slug])
            self._built[vendor, slug] = account
        return account

    def _build(self, vendor: str, tenant: TenantSpec) -> HubspotAccount | StripeAccount | KitAccount | OpenaiAccount:
        if vendor == "openai":
            return OpenaiAccount(tenant, self.clock)
        frames = {
            name: frame.filter(pl.col("tenant_id") == tenant.id)
            for name, frame in self.vendors.items()
            if name.startswith(f"{vendor}_")
        }
        if vendor == "hubspot":
            return HubspotAccount(tenant, HubspotStore(frames, self.clock))
        if vendor == "stripe":
            return StripeAccount(tenant, StripeStore(account_id(tenant.slug), tenant.natural_key, frames, self.clock))
        return kit.build_account(tenant, frames, self.clock)
