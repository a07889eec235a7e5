"""The real marketing funnel of Olist as one more tenant, where its files are there. The product ships none of it."""

from pathlib import Path

from pipelines.importing.loading import import_file
from pipelines.importing.mapping import read_map
from pipelines.resources.platform import Platform
from pipelines.run.stages import is_current, remember
from tekup.directory.tenants import create_tenant
from tekup.directory.users import create_user
from tekup.ids import derived_uuid

DOMAIN = "olist.example"
_MAPS = Path(__file__).resolve().parents[1] / "importing" / "maps"
_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "data"
_STEPS = (("leads", "olist_mql.csv.gz"), ("touchpoints", "olist_mql.csv.gz"), ("deals", "olist_closed_deals.csv.gz"))


def load(platform: Platform) -> str:
    """Import the files that changed since the last time; returns what was done, in words."""
    folder = platform.settings.real_data or _BESIDE
    files = [(entity, folder / name) for entity, name in _STEPS]
    if not all(path.exists() for _, path in files):
        return "none found (TEKUP_REAL_DATA names their folder)"
    fingerprint = " ".join(f"{path.name}:{path.stat().st_size}:{path.stat().st_mtime_ns}" for _, path in files)
    if is_current(platform, "real data", fingerprint):
        return "up to date"
    tenant = create_tenant(
        platform.doors,
        "Olist",
        DOMAIN,
        tenant_id=derived_uuid("tenant", DOMAIN),
        settings={"currency": "BRL", "timezone": "America/Sao_Paulo", "language": "en"},
    )
    from pipelines.run.demonstration import PASSWORD

    create_user(platform.doors, tenant.id, f"admin@{DOMAIN}", PASSWORD, role="admin", name="Administrator")
    told = []
    for entity, path in files:
        chosen = read_map(_MAPS / f"olist_{entity}.json")
        done = import_file(platform.doors, tenant.id, entity, path, chosen, skip_bad=True)
        told.append(f"{done.rows:,} {entity}" + (f" ({len(done.rejects)} rejected)" if done.rejects else ""))
    remember(platform, "real data", fingerprint)
    return "Olist: " + ", ".join(told)
