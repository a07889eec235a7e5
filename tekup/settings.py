"""Every setting of the product, read from the environment once. Nothing here opens a file or a connection."""

import ipaddress
import re
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tekup.errors import SettingError

_RATE = r"^(off|[1-9][0-9]{0,8}/(second|minute|hour|day))$"
VENDORS = ("hubspot", "stripe", "kit", "openai")


POSTGRES = "postgres"


class Settings(BaseSettings):
    """Settings from ``TEKUP_*`` environment variables; each field's description is its documentation."""

    model_config = SettingsConfigDict(env_prefix="TEKUP_", extra="ignore", frozen=True)

    home: Path = Field(
        Path(".tekup"),
        description="Folder for all state: embedded database, lake, models, Dagster's runs. Keep it private.",
    )
    database_url: str | None = Field(
        None,
        description="Operational PostgreSQL 15+ as postgresql://user:password@host:port/database, with a user that may "
        "create roles. Unset: the embedded server.",
    )
    warehouse_url: str | None = Field(
        None,
        description="Warehouse PostgreSQL 15+ in the same form. Unset: the embedded server.",
    )
    lake_url: str | None = Field(
        None,
        description="Folder or object-store URL (s3://, gs://, az://) of Parquet extracts. Unset: <home>/lake.",
    )
    models_url: str | None = Field(
        None,
        description="Folder or object-store URL (s3://, gs://, az://) of the model registries; credentials and "
        "endpoint come from the store's own variables, such as AWS_ACCESS_KEY_ID. Unset: <home>/models.",
    )
    master_key: SecretStr | None = Field(
        None,
        description="Base64 of 32 random bytes from which credentials' and roles' keys derive; while it is rotated, "
        "the new one, a comma and the one before. Unset: made once in <home>/master.key.",
    )
    master_key_source: str = Field(
        "local",
        description="What opens <home>/master.key: local (it is not closed), or aws-kms://<key id or alias/name>.",
    )
    hubspot_api_base: str | None = Field(None, description="Base address of HubSpot's API, for a proxy or a test.")
    stripe_api_base: str | None = Field(None, description="Base address of Stripe's API, for a proxy or a test.")
    kit_api_base: str | None = Field(None, description="Base address of Kit's API, for a proxy or a test.")
    openai_api_base: str | None = Field(None, description="Base address of OpenAI's API, for a proxy or a test.")
    exchange_rates: str | None = Field(
        None,
        description="File or address of euro reference rates: the ECB's eurofxref CSV, or its zip. Unset: the "
        "sandbox's while a tenant is connected to it, otherwise the ECB's own file of all days.",
    )
    api_port: int = Field(8000, ge=0, le=65535, description="Port of the HTTP API in `tekup serve`.")
    dagster_port: int = Field(3000, ge=0, le=65535, description="Port of the Dagster UI in `tekup serve`.")
    dashboards_port: int = Field(8501, ge=0, le=65535, description="Port of the dashboards in `tekup serve`.")
    sandbox_port: int = Field(8700, ge=0, le=65535, description="Port of the vendor sandbox in `tekup serve`.")
    api_url: str | None = Field(
        None,
        description="Address at which the dashboards reach the HTTP API. Unset: http://127.0.0.1:<api_port>.",
    )
    public_url: str | None = Field(
        None,
        description="Address at which the outside reaches the HTTP API, such as https://api.example.dk, where a proxy "
        "stands before it. Part of what HubSpot signs. Unset: what the request says.",
    )
    app_url: str | None = Field(
        None,
        description="Address at which people open the dashboards, such as https://app.example.dk: where links in mails "
        "lead and where passkeys belong. Unset: http://localhost:<dashboards_port>.",
    )
    session_hours: float = Field(
        12, gt=0, le=720, description="Hours after which a person signs in again, however active he was."
    )
    session_idle_minutes: float = Field(
        60, gt=0, le=10_080, description="Minutes without use after which a session ends."
    )
    breached_passwords: Path | None = Field(
        None,
        description="File of breached passwords' SHA-1 hashes in order, as Have I Been Pwned's downloader writes it; "
        "none of them can be chosen. Unset: the list of 10,000 that is shipped.",
    )
    smtp_url: SecretStr | None = Field(
        None,
        description="Server that sends mails: smtp://user:password@host:587 (STARTTLS) or smtps://…:465. "
        "Unset: each mail is a file in <home>/outbox.",
    )
    mail_from: str = Field("TekUp <no-reply@localhost>", description="Sender of mails, as its readers see it.")
    api_origins: str = Field(
        "",
        description="Web pages of which origins may call the HTTP API from a browser (CORS), separated by commas, such "
        "as https://app.example.dk. Empty: none.",
    )
    trusted_proxies: str = Field(
        "",
        description="Addresses or networks of proxies before the HTTP API, separated by commas: of these alone "
        "X-Forwarded-For is believed. Empty: of none.",
    )
    request_seconds: float = Field(
        60, gt=0, description="How long an answer of the HTTP API may take to begin before it is given up with 503."
    )
    rate_limits: Literal["process", "postgresql"] = Field(
        "process",
        description="Where requests are counted: in each API process by itself, or in the operational database for "
        "all of them together.",
    )
    rate_limit_address: str = Field(
        "12000/minute", pattern=_RATE, description="Most requests of one address, such as 600/minute, or off."
    )
    rate_limit_sign_in: str = Field(
        "300/minute", pattern=_RATE, description="Most sign-ins, failed or not, of one address, or off."
    )
    rate_limit_caller: str = Field(
        "6000/minute", pattern=_RATE, description="Most requests of one user or API token, or off."
    )
    rate_limit_write: str = Field(
        "3000/minute", pattern=_RATE, description="Most writing requests of one user or API token, or off."
    )
    rate_limit_tenant: str = Field("30000/minute", pattern=_RATE, description="Most requests of one tenant, or off.")
    graphql_introspection: bool = Field(
        True, description="Whether /graphql tells its schema to those who ask; off, it also suggests no names."
    )
    graphql_cost: int = Field(
        5_000,
        ge=10,
        description="How much one GraphQL document may ask for: each field counts once for every record that it may "
        "be read of.",
    )
    audit_reads: float = Field(
        1.0,
        ge=0,
        le=1,
        description="Share of the HTTP API's reads that the audit trail tells of; changes it tells all.",
    )
    audit_heads: Path | None = Field(
        None,
        description="File to which the heads of sealed audit trails are appended, best on storage that forbids "
        "changes: with it a trail that was cut at its end is found. Unset: <home>/audit/heads.jsonl.",
    )
    audit_seal_seconds: float = Field(
        10, gt=0, description="Seconds between two rounds in which `tekup serve` seals new audit entries."
    )
    compute_engine: Literal["polars", "spark"] = Field(
        "polars",
        description="Where attribution builds and counts journeys: in process, or on Spark (extra `spark`), for "
        "touchpoints that outgrow a machine. Results are equal.",
    )
    spark_master: str = Field(
        "local[2]", description="Spark's master for TEKUP_COMPUTE_ENGINE=spark: local[N] or a cluster's address."
    )
    drain_seconds: float = Field(
        0,
        ge=0,
        le=600,
        description="How long the API goes on answering after SIGTERM while `/readyz` says no, so that a balancer "
        "notices. Set it to more than the pause between the balancer's looks.",
    )
    event_origins: str = Field(
        "",
        description="Comma-separated origins, such as https://app.example.dk, of pages of other hosts that may open a "
        "WebSocket for events. Pages of the API's own host always may.",
    )
    identity_providers_allow_private: bool = Field(
        False,
        description="Let identity providers stand in your own network, and without TLS: for development and tests, or "
        "where one really does.",
    )
    webhooks_allow_private: bool = Field(
        False,
        description="Let webhooks go out to addresses of our own network and over plain HTTP: for development.",
    )
    event_bus: str = Field(
        POSTGRES,
        pattern=r"^(postgres|(nats|tls)://\S+)$",
        description="By what events reach consumers: `postgres` (the log itself), or the address of a NATS server with "
        "JetStream, such as nats://user:password@host:4222.",
    )
    events_kept_days: int = Field(
        90, ge=1, description="After how many days events are deleted that every consumer has worked through."
    )
    training_engine: Literal["local", "dask"] = Field(
        "local",
        description="Where trees of more than 50,000 rows are grown: in process, or by the workers of a Dask scheduler "
        "(extra `dask`), for leads that outgrow a machine's cores. Quality is equal.",
    )
    dask_scheduler: str | None = Field(
        None,
        description="Address of Dask's scheduler for TEKUP_TRAINING_ENGINE=dask, such as tcp://scheduler:8786. Unset: "
        "two processes on this machine.",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "WARNING", description="Least severe level that is logged, to standard error."
    )
    real_data: Path | None = Field(
        None,
        description="Folder with olist_mql.csv.gz and olist_closed_deals.csv.gz. `tekup run` imports them as one more "
        "tenant. Unset: shared/data beside the project's folder, where it exists.",
    )

    @field_validator("database_url", "warehouse_url")
    @classmethod
    def _is_postgresql(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("postgresql://", "postgres://")):
            raise ValueError("must begin with postgresql://")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        for part in filter(None, (part.strip() for part in value.split(","))):
            ipaddress.ip_network(part, strict=False)
        return value

    @field_validator("api_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        for part in filter(None, (part.strip() for part in value.split(","))):
            if not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+", part):
                raise ValueError(f"{part} is no origin such as https://app.example.dk")
        return value

    @property
    def audit_heads_path(self) -> Path:
        """Where heads of audit trails are appended."""
        return self.audit_heads or self.home_path / "audit" / "heads.jsonl"

    @property
    def home_path(self) -> Path:
        """The state folder as an absolute path."""
        return self.home.expanduser().resolve()

    @property
    def lake(self) -> str:
        """Where Parquet extracts live: a folder path or an object-store URL."""
        return self.lake_url or str(self.home_path / "lake")

    def models_of(self, kind: str) -> str:
        """Where the registry of one kind of model lives: a folder path or an object-store URL."""
        return f"{(self.models_url or str(self.home_path / 'models')).rstrip('/')}/{kind}"

    @property
    def app_address(self) -> str:
        """Where people open the dashboards, without a slash at the end."""
        return (self.app_url or f"http://localhost:{self.dashboards_port}").rstrip("/")

    @property
    def api_address(self) -> str:
        """Where the dashboards find the HTTP API."""
        return self.api_url or f"http://127.0.0.1:{self.api_port}"

    def vendor_api_base(self, vendor: str) -> str | None:
        """The overriding base address of a vendor's API, or None for the vendor's own."""
        base: str | None = getattr(self, f"{vendor}_api_base")
        return base


def read_settings(**overrides: object) -> Settings:
    """Settings from the environment, with every fault in one readable error."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic validates what it is handed
    except ValidationError as error:
        faults = "; ".join(
            f"TEKUP_{'_'.join(str(part) for part in fault['loc']).upper()}: {fault['msg']}" for fault in error.errors()
        )
        raise SettingError(f"wrong setting: {faults}", hint="`tekup settings` lists each with its meaning") from None


@lru_cache(maxsize=1)
def current_settings() -> Settings:
    """The process's settings, read at first use."""
    return read_settings()
