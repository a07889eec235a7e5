"""A deleted tenant leaves nothing of its own in stored models; another's adaptation stays."""

from uuid import uuid4

from scoring.adaptation import key_of
from scoring.registry import Registry
from tekup.db import Doors
from tekup.directory.tenants import create_tenant, delete_tenant
from tests.fixtures.database import TwoTenants


def test_deleting_a_tenant_takes_its_adaptation_out_of_every_version(doors: Doors, two_tenants: TwoTenants) -> None:
    gone = create_tenant(doors, "Gone with its model", f"{uuid4().hex}.example")
    store = Registry(doors.settings.models_of("lead_score")).store
    names = {tenant: f"adaptations/{key_of(str(tenant.id))}.json" for tenant in (gone, two_tenants.a)}
    folders = [f"{kind}/{uuid4().hex}" for kind in ("versions", "probes")]
    for folder in folders:
        store.put_folder(folder, {"model.txt": "trees", **dict.fromkeys(names.values(), "{}")})
    delete_tenant(doors, gone)
    for folder in folders:
        left = store.get_folder(folder, optional="adaptations")
        assert set(left) == {"model.txt", names[two_tenants.a]}
        store.drop_folder(folder)
