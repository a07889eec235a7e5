"""Random histories of raw rows: new, late, changed, moved, deleted and restored ones. Rows of a fixed kind are made elsewhere."""

import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
from psycopg import sql

from tests.dbt.rows import insert, vendor_row

_START = datetime(2026, 1, 1, tzinfo=UTC)
_KEYS = {"raw_operational": "id", "raw_hubspot": "object_id", "raw_stripe": "object_id", "raw_kit": "object_id"}

HISTORY_TABLES = (
    "raw_operational.tenants", "raw_operational.leads", "raw_operational.touchpoints", "raw_operational.identities",
    "raw_operational.deals", "raw_operational.stages", "raw_stripe.charges", "raw_stripe.invoices",
    "raw_hubspot.deals", "raw_hubspot.deal_contacts", "raw_hubspot.pipelines",
    "raw_operational.contacts", "raw_hubspot.contacts", "raw_stripe.customers", "raw_kit.subscribers", "raw_kit.tags",
    "raw_kit.tag_subscribers", "raw_kit.forms", "raw_kit.form_subscribers",
    "raw_hubspot.emails", "raw_hubspot.associations", "raw_operational.companies", "raw_hubspot.companies",
    "raw_operational.campaigns", "raw_operational.campaign_spend", "raw_stripe.subscriptions", "raw_stripe.refunds",
)  # fmt: skip
"""Everything that a history may change."""


class History:
    """Changes drawn from one seed, written as the pulls write them: an upsert that moves `synced_at`."""

    def __init__(self, seed: int, tenants: list[UUID]) -> None:
        self._chance = random.Random(seed)
        self._tenants = tenants

    def change(self, connection: psycopg.Connection, count: int) -> None:
        """`count` changes in random order, of each kind as many. Both tenants draw from the same few ids and so meet."""
        kinds = [
            self._lead, self._touchpoint, self._identity, self._charge, self._invoice, self._deal, self._own_deal,
            self._stage, self._pipeline, self._deal_contact, self._contact, self._hubspot_contact, self._customer,
            self._subscriber, self._tag, self._worn_tag, self._form, self._form_pair, self._email, self._email_contact,
            self._company, self._hubspot_company, self._campaign, self._spend, self._subscription, self._refund,
            self._erase, self._remove, self._remove, self._remove,
        ]  # fmt: skip
        drawn = kinds * (count // len(kinds) + 1)
        self._chance.shuffle(drawn)
        for change in drawn[:count]:
            change(connection)

    def change_settings(self, connection: psycopg.Connection) -> None:
        """Another time zone, currency or rule of shared mailboxes for one tenant: rows that did not change move with it."""
        settings = {
            "timezone": self._chance.choice(["Europe/Copenhagen", "America/New_York", "Asia/Tokyo"]),
            "currency": self._chance.choice(["DKK", "EUR"]),
            "identity": {"shared_mailboxes": [self._address() or "per@"], "personal_mailboxes": ["ida@x.dk"]},
        }
        connection.execute(
            "update raw_operational.tenants set settings = %s, synced_at = clock_timestamp() where tenant_id = %s",
            (json.dumps(settings), self._tenant()),
        )

    def _lead(self, connection: psycopg.Connection) -> None:
        created = self._moment()
        status = self._chance.choice(["new", "contacted", "qualified", "won", "lost"])
        ended = created + timedelta(days=self._chance.randint(0, 120))
        self._operational(
            connection, "leads", self._id(1), created,
            anonymous_id=self._cookie(), source=self._chance.choice(["email", "direct", "paid_search"]), status=status,
            contact_id=self._chance.choice([None, self._id(2)]), company_id=self._chance.choice([None, self._id(3)]),
            email=self._address(), full_name=self._chance.choice([None, "Ida Holm"]),
            won_at=ended if status == "won" else None, lost_at=ended if status == "lost" else None,
            value_cents=self._chance.choice([None, 1000]), currency=self._chance.choice(["DKK", "EUR"]),
        )  # fmt: skip

    def _touchpoint(self, connection: psycopg.Connection) -> None:
        self._operational(
            connection, "touchpoints", self._id(4), self._moment(),
            anonymous_id=self._cookie(), occurred_at=self._moment(),
            kind=self._chance.choice(["visit", "visit", "email_click"]),
            lead_id=self._chance.choice([None, self._id(1)]), contact_id=self._chance.choice([None, None, self._id(2)]),
            channel=self._chance.choice(["email", "direct", "events"]),
        )  # fmt: skip

    def _identity(self, connection: psycopg.Connection) -> None:
        self._operational(
            connection, "identities", self._id(5), self._moment(),
            anonymous_id=self._cookie(), first_seen_at=self._moment(), kind="cookie",
            lead_id=self._chance.choice([None, self._id(1)]), contact_id=self._chance.choice([None, self._id(2)]),
        )  # fmt: skip

    def _charge(self, connection: psycopg.Connection) -> None:
        status = self._chance.choice(["succeeded", "succeeded", "failed"])
        payload = {"status": status, "invoice": self._name("in"), "customer": self._name("cus")}
        self._vendor(connection, "raw_stripe.charges", "ch", payload)

    def _refund(self, connection: psycopg.Connection) -> None:
        self._vendor(connection, "raw_stripe.refunds", "re", {"status": "succeeded", "charge": self._name("ch")})

    def _subscription(self, connection: psycopg.Connection) -> None:
        price = {"unit_amount": self._chance.randint(1, 9) * 100, "recurring": {"interval": "month"}}
        began, status = self._moment(), self._chance.choice(["active", "active", "trialing", "canceled"])
        payload = {
            "customer": self._chance.choice([None, self._name("cus")]), "status": status,
            "start_date": int(began.timestamp()), "items": {"data": [{"id": "si", "quantity": 1, "price": price}]},
            "ended_at": int(began.timestamp()) + 4_000_000 if status == "canceled" else None,
            "currency": self._chance.choice(["dkk", "eur"]),
        }  # fmt: skip
        self._vendor(connection, "raw_stripe.subscriptions", "sub", payload)

    def _company(self, connection: psycopg.Connection) -> None:
        self._operational(
            connection, "companies", self._id(3, 3), self._moment(),
            name=self._chance.choice(["Alfa", "Beta"]), domain=self._chance.choice([None, "x.dk", "y.dk"]),
        )  # fmt: skip

    def _hubspot_company(self, connection: psycopg.Connection) -> None:
        properties = {
            "name": "Hub", "domain": self._chance.choice([None, "y.dk", "z.dk"]),
            "tekup_id": self._chance.choice([None, *[str(self._id(3, 3))] * 3]),
        }  # fmt: skip
        self._vendor(connection, "raw_hubspot.companies", "hco", {"properties": properties})

    def _campaign(self, connection: psycopg.Connection) -> None:
        channel = self._chance.choice(["Paid Search", "display"])
        self._operational(connection, "campaigns", self._id(9), self._moment(), name="Sol", channel=channel)

    def _spend(self, connection: psycopg.Connection) -> None:
        self._operational(
            connection, "campaign_spend", self._id(10), self._moment(),
            campaign_id=self._id(9), spend_date=self._moment().date(), amount_cents=self._chance.randint(1, 99),
            currency=self._chance.choice(["DKK", "EUR"]),
        )  # fmt: skip

    def _form(self, connection: psycopg.Connection) -> None:
        name = self._chance.choice(["pris", "demo"])
        self._put(connection, "raw_kit.forms", vendor_row(self._tenant(), self._name("form"), {"name": name}))

    def _form_pair(self, connection: psycopg.Connection) -> None:
        key, payload = f"{self._name('form')}:{self._name('')}", {"added_at": self._moment().isoformat()}
        self._put(connection, "raw_kit.form_subscribers", vendor_row(self._tenant(), key, payload))

    def _email(self, connection: psycopg.Connection) -> None:
        direction = self._chance.choice(["EMAIL", "INCOMING_EMAIL"])
        properties = {"hs_email_direction": direction, "hs_timestamp": self._moment().isoformat()}
        self._vendor(connection, "raw_hubspot.emails", "em", {"properties": properties})

    def _email_contact(self, connection: psycopg.Connection) -> None:
        key = f"emails/{self._name('em')}:contacts/{self._name('hc')}"
        self._put(connection, "raw_hubspot.associations", vendor_row(self._tenant(), key, {}))

    def _erase(self, connection: psycopg.Connection) -> None:
        connection.execute(
            "update raw_hubspot.contacts set payload = '{}', deleted_at = now(), delete_reason = 'erased', "
            "synced_at = clock_timestamp() where tenant_id = %s and object_id = %s",
            (self._tenant(), self._name("hc")),
        )

    def _invoice(self, connection: psycopg.Connection) -> None:
        status = self._chance.choice(["open", "paid", "void"])
        paid_at = int(self._moment().timestamp()) if status == "paid" else None
        payload = {
            "status": status, "total": self._chance.randint(1, 99), "subscription": self._name("sub"),
            "customer": self._name("cus"), "status_transitions": {"paid_at": paid_at},
        }  # fmt: skip
        self._vendor(connection, "raw_stripe.invoices", "in", payload)

    def _deal(self, connection: psycopg.Connection) -> None:
        stages = ["s1", "s2", "closedwon", "closedlost"]
        moved = [{"value": self._chance.choice(stages), "timestamp": self._moment().isoformat()} for _ in range(3)]
        properties = {
            "dealname": "Sol", "dealstage": self._chance.choice(stages), "pipeline": self._name("p"),
            "closedate": self._moment().isoformat(), "amount": self._chance.choice(["12.50", "7", "a lot"]),
            "tekup_id": self._chance.choice([None, str(self._id(6))]),
        }  # fmt: skip
        history = {"dealstage": moved}
        self._vendor(connection, "raw_hubspot.deals", "", {"properties": properties, "propertiesWithHistory": history})

    def _own_deal(self, connection: psycopg.Connection) -> None:
        self._operational(
            connection, "deals", self._id(6), self._moment(),
            pipeline_id=self._id(7), stage_id=self._id(8), lead_id=self._id(1), amount_cents=self._chance.randint(1, 99),
            status=self._chance.choice(["open", "won", "lost"]), closed_at=self._chance.choice([None, self._moment()]),
            expected_close_date=self._moment().date(), currency=self._chance.choice([None, "EUR"]),
        )  # fmt: skip

    def _stage(self, connection: psycopg.Connection) -> None:
        name, probability = self._chance.choice(["Tilbud", "Demo"]), self._chance.choice([0.2, 0.8])
        self._operational(connection, "stages", self._id(8), self._moment(), name=name, probability=probability)

    def _pipeline(self, connection: psycopg.Connection) -> None:
        stages = [
            {"id": stage, "label": self._chance.choice(["One", "Two"]), "metadata": {"probability": "0.3"}}
            for stage in self._chance.sample(["s1", "s2", "closedwon"], 2)
        ]
        self._vendor(connection, "raw_hubspot.pipelines", "p", {"label": "Sales", "stages": stages})

    def _deal_contact(self, connection: psycopg.Connection) -> None:
        name = f"{self._name('')}:{self._chance.randint(1, 5)}"
        self._put(connection, "raw_hubspot.deal_contacts", vendor_row(self._tenant(), name, {}))

    def _contact(self, connection: psycopg.Connection) -> None:
        self._operational(
            connection, "contacts", self._id(2), self._moment(),
            email=self._address(), first_name=self._chance.choice([None, "Ida", "Bo"]),
            has_marketing_consent=self._chance.choice([True, False]),
        )  # fmt: skip

    def _hubspot_contact(self, connection: psycopg.Connection) -> None:
        properties = {
            "email": self._address(), "lastname": self._chance.choice([None, "Holm"]),
            "tekup_id": self._chance.choice([None, str(self._id(2))]),
            "hs_merged_object_ids": self._chance.choice([None, None, f"{self._name('hc')};{self._name('hc')}"]),
        }  # fmt: skip
        self._vendor(connection, "raw_hubspot.contacts", "hc", {"properties": properties})

    def _customer(self, connection: psycopg.Connection) -> None:
        metadata = self._chance.choice([{}, {"tekup_lead_id": str(self._id(1))}])
        self._vendor(connection, "raw_stripe.customers", "cus", {"email": self._address(), "metadata": metadata})

    def _subscriber(self, connection: psycopg.Connection) -> None:
        state = self._chance.choice(["active", "cancelled"])
        payload = {"email_address": self._address(), "state": state, "created_at": self._moment().isoformat()}
        self._put(connection, "raw_kit.subscribers", vendor_row(self._tenant(), self._name(""), payload))

    def _tag(self, connection: psycopg.Connection) -> None:
        name = self._chance.choice(["newsletter", "kunde"])
        self._put(connection, "raw_kit.tags", vendor_row(self._tenant(), self._name("tag"), {"name": name}))

    def _worn_tag(self, connection: psycopg.Connection) -> None:
        key = f"{self._name('tag')}:{self._name('')}"
        payload = {"tagged_at": self._moment().isoformat()}
        self._put(connection, "raw_kit.tag_subscribers", vendor_row(self._tenant(), key, payload))

    def _remove(self, connection: psycopg.Connection) -> None:
        table = self._chance.choice(HISTORY_TABLES[1:])
        key = _KEYS[table.split(".")[0]]
        found = connection.execute(
            f"select {key} from {table} where tenant_id = %s order by 1".encode(), ((tenant := self._tenant()),)
        ).fetchall()
        if found:
            connection.execute(
                f"update {table} set deleted_at = case when deleted_at is null then now() end, "
                f"synced_at = clock_timestamp() where tenant_id = %s and {key} = %s".encode(),
                (tenant, self._chance.choice(found)[0]),
            )

    def _operational(
        self, connection: psycopg.Connection, entity: str, key: UUID, created: datetime, **values: object
    ) -> None:
        row = {"id": key, "created_at": created, "updated_at": self._moment(), **values}
        self._put(connection, f"raw_operational.{entity}", {"tenant_id": self._tenant(), **row})

    def _vendor(self, connection: psycopg.Connection, table: str, prefix: str, payload: dict[str, object]) -> None:
        created = int(self._moment().timestamp())
        payload = {"created": created, "currency": "dkk", "amount": self._chance.randint(1, 99), **payload}
        self._put(connection, table, vendor_row(self._tenant(), self._name(prefix), payload))

    def _put(self, connection: psycopg.Connection, table: str, row: Mapping[str, object]) -> None:
        key = _KEYS[table.split(".")[0]]
        connection.execute(
            sql.SQL("delete from {} where tenant_id = %s and {} = %s").format(
                sql.Identifier(*table.split(".")), sql.Identifier(key)
            ),
            (row["tenant_id"], row[key]),
        )
        insert(connection, table, [{**row, "synced_at": datetime.now(UTC)}])

    def _tenant(self) -> UUID:
        return self._chance.choice(self._tenants)

    def _id(self, kind: int, count: int = 12) -> UUID:
        return UUID(int=kind * 1000 + self._chance.randint(1, count))

    def _name(self, prefix: str) -> str:
        return f"{prefix}_{self._chance.randint(1, 9)}"

    def _cookie(self) -> str | None:
        return self._chance.choice([None, "c1", "c2", "c3", "c4", "c5"])

    def _address(self) -> str | None:
        return self._chance.choice([None, "ida@x.dk", "Bo@x.dk", "ann@x.dk", "per@x.dk", "eva@x.dk", "ole@x.dk"])

    def _moment(self) -> datetime:
        return _START + timedelta(hours=self._chance.randint(0, 24 * 240))
