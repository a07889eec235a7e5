"""The simulated tenants: who they are, how big, which vendors they use. Their people are drawn elsewhere."""

from dataclasses import dataclass

from integrations.sandbox.identifiers import tenant_uuid


@dataclass(frozen=True)
class TenantSpec:
    """One simulated company that uses TekUp.

    ``natural_key`` seeds the vendor ids: tenants that share it have the SAME HubSpot and Stripe ids, so that a lost
    tenant key shows as mixed rows. ``win_rate`` is the eventual share of leads won, ``deal_cents`` the median deal.
    """

    number: int
    slug: str
    name: str
    domain: str
    industry: str
    leads: int
    win_rate: float
    deal_cents: int
    danish: float
    vendors: tuple[str, ...]
    natural_key: str
    target_industries: tuple[str, ...]
    peak_month: int
    is_dirty: bool = False
    days_old: int = 730

    @property
    def id(self) -> str:
        return tenant_uuid(self.slug)


_ALL = ("hubspot", "stripe", "kit", "openai")

TENANTS: tuple[TenantSpec, ...] = (
    TenantSpec(
        1, "nordlys-solar", "Nordlys Solar", "nordlys-solar.example", "energy", 20_000, 0.075, 9_800_000, 0.85,
        _ALL, "nordlys", ("construction", "agriculture", "manufacturing"), 5,
    ),
    TenantSpec(
        2, "fjord-software", "Fjord Software", "fjord-software.example", "software", 12_000, 0.10, 3_600_000, 0.45,
        _ALL, "twin", ("software", "finance", "retail"), 9,
    ),
    TenantSpec(
        3, "byg-og-bo", "Byg & Bo", "byg-og-bo.example", "construction", 8_000, 0.12, 7_200_000, 0.95,
        ("hubspot", "stripe"), "twin", ("construction", "real_estate", "public"), 4,
    ),
    TenantSpec(
        4, "hygge-interior", "Hygge Interiør", "hygge-interior.example", "retail", 5_000, 0.09, 1_400_000, 0.70,
        ("hubspot", "stripe", "kit"), "hygge", ("hospitality", "retail", "real_estate"), 11, True,
    ),
    TenantSpec(
        5, "klar-regnskab", "Klar Regnskab", "klar-regnskab.example", "finance", 3_000, 0.14, 1_800_000, 0.90,
        ("stripe", "kit"), "klar", ("construction", "hospitality", "retail"), 1,
    ),
    TenantSpec(
        6, "kyst-logistik", "Kyst Logistik", "kyst-logistik.example", "logistics", 1_500, 0.08, 12_500_000, 0.60,
        ("hubspot",), "kyst", ("manufacturing", "retail", "agriculture"), 10,
    ),
    TenantSpec(
        7, "lille-bageri", "Lille Bageri", "lille-bageri.example", "hospitality", 400, 0.15, 450_000, 0.98,
        ("stripe", "kit"), "bageri", ("hospitality", "public", "software"), 12,
    ),
    TenantSpec(
        8, "ny-start", "Ny Start", "ny-start.example", "software", 30, 0.10, 900_000, 0.80,
        ("stripe",), "nystart", ("software", "finance", "public"), 6, False, 21,
    ),
)  # fmt: skip

BY_SLUG = {tenant.slug: tenant for tenant in TENANTS}


def lead_target(tenant: TenantSpec, scale: float) -> int:
    """Return about how many leads the tenant gets; every tenant keeps at least twenty, so that no part stays idle."""
    return max(round(tenant.leads * scale), min(tenant.leads, 20))
