"""The way to one portal: the official SDK in raw mode, its token, its pace, its retries. It knows no stream."""

import importlib
from collections.abc import Callable, Iterable
from functools import cache, cached_property
from typing import Any, TypeAlias

import urllib3
from hubspot import HubSpot

from integrations.credentials import Credential, Keep, Wallet, renewed
from integrations.hubspot.pacing import Pacer
from integrations.retry import Meter, Read, Reply, RetryPolicy, Unreachable, read_json
from integrations.source import JSON
from tekup.errors import VendorError

VENDOR = "hubspot"
VENDOR_BASE = "https://api.hubapi.com"
_TIMEOUT = (3, 30)
Answering: TypeAlias = Callable[[], JSON]
"""Waits for the answer of a request that is under way."""


class Apis:
    """The SDK's clients, each made once: the SDK builds a new client and connection pool at every access."""

    def __init__(self, sdk: HubSpot) -> None:
        self._sdk = sdk

    @cached_property
    def objects(self) -> Any:
        return self._sdk.crm.objects.basic_api

    @cached_property
    def batches(self) -> Any:
        return self._sdk.crm.objects.batch_api

    @cached_property
    def searches(self) -> Any:
        return self._sdk.crm.objects.search_api

    @cached_property
    def associations(self) -> Any:
        return self._sdk.crm.associations.v4.batch_api

    @cached_property
    def labels(self) -> Any:
        return self._sdk.crm.associations.v4.schema.definitions_api

    @cached_property
    def properties(self) -> Any:
        return self._sdk.crm.properties.core_api

    @cached_property
    def schemas(self) -> Any:
        return self._sdk.crm.schemas.core_api

    @cached_property
    def pipelines(self) -> Any:
        return self._sdk.crm.pipelines.pipelines_api

    @cached_property
    def owners(self) -> Any:
        return self._sdk.crm.owners.owners_api

    @cached_property
    def lists(self) -> Any:
        return self._sdk.crm.lists.lists_api

    @cached_property
    def memberships(self) -> Any:
        return self._sdk.crm.lists.memberships_api

    @cached_property
    def forms(self) -> Any:
        return self._sdk.marketing.forms.forms_api

    @cached_property
    def tokens(self) -> Any:
        return self._sdk.oauth.tokens_api

    def close(self) -> None:
        """Close the connections of those that were used."""
        for api in [value for value in vars(self).values() if value is not self._sdk]:
            api.api_client.rest_client.pool_manager.clear()
            api.api_client.close()


class Portal:
    """One account. ``meter`` counts what its requests cost until somebody makes a page of it."""

    def __init__(
        self,
        credential: Credential,
        base: str | None,
        *,
        keep: Keep | None,
        retry: RetryPolicy,
        clock: Callable[[], float],
        paced: bool | None,
    ) -> None:
        quiet = urllib3.Retry(total=0, raise_on_status=False)
        self.apis = Apis(HubSpot(host=(base or VENDOR_BASE).rstrip("/"), retry=quiet))
        self.meter = Meter(clock)
        self._clock = clock
        self._retry = retry
        self._wallet = Wallet(credential, self._exchange, keep)
        self._pacer = Pacer(clock, retry.sleep) if (base is None if paced is None else paced) else None

    def now(self) -> int:
        """Return the vendor's time in milliseconds since the epoch."""
        return int(self.meter.now() * 1000)

    def call(
        self,
        what: str,
        method: Callable[..., Any],
        *arguments: Any,
        meter: Meter | None = None,
        read: Read = read_json,
        **options: Any,
    ) -> JSON:
        """Call one method of the SDK and return what ``read`` makes of its answer, by default its JSON.

        Another thread than the one that makes pages brings a ``meter`` of its own. Raises as ``RetryPolicy.run`` does.
        """
        return self._request(what, method, *arguments, meter=meter or self.meter, read=read, ahead=False, **options)()

    def start(
        self,
        what: str,
        method: Callable[..., Any],
        *arguments: Any,
        meter: Meter,
        read: Read = read_json,
        **options: Any,
    ) -> Answering:
        """Send a request now; what is returned waits for its answer, and tries again where that is needed.

        Until then the request's thread counts on ``meter``, which nobody else may use.
        """
        return self._request(what, method, *arguments, meter=meter, read=read, ahead=True, **options)

    def _request(
        self,
        what: str,
        method: Callable[..., Any],
        *arguments: Any,
        meter: Meter,
        read: Read,
        ahead: bool,
        **options: Any,
    ) -> Answering:
        is_search = getattr(method, "__name__", "") == "do_search"
        used = self._wallet.token(self._clock())

        def send() -> Reply:
            nonlocal used
            if self._pacer is not None:
                meter.throttled_ms += int(self._pacer.wait(is_search=is_search) * 1000)
            used = self._wallet.credential.token
            bearer = {"in": "header", "key": "Authorization", "value": f"Bearer {used}"}
            reply = _send(method, *arguments, **options, _request_auth=bearer)
            if self._pacer is not None:
                self._pacer.note(reply.headers)
            return reply

        first = self._retry.start(send) if ahead else None
        return lambda: self._retry.run(VENDOR, what, send, meter, lambda: self._wallet.renew(used), first, read)

    def get(self, what: str, path: str, **query: str | int) -> JSON:
        """Read a path that the SDK has no method for, through the SDK's own transport.

        The SDK's ``api_request`` would do the same without a timeout and without keeping the connection, and it prints
        faults to the standard output.
        """
        client = self.apis.objects.api_client

        def send(**options: Any) -> Any:
            accepted = {"Accept": "application/json"}
            return client.call_api(path, "GET", {}, [*query.items()], accepted, auth_settings=["oauth2"], **options)

        return self.call(what, send)

    def close(self) -> None:
        """Close the SDK's connections."""
        self.apis.close()

    def _exchange(self, credential: Credential) -> Credential:
        def send() -> Reply:
            reply = _send(
                self.apis.tokens.create,
                grant_type="refresh_token",
                refresh_token=credential.refresh_token,
                client_id=credential.client_id,
                client_secret=credential.client_secret,
            )
            # A revoked refresh token is a 400 here; to whoever stored it, it is a refused credential.
            return Reply(401, reply.headers, reply.body) if reply.status == 400 else reply

        answer = self._retry.run(VENDOR, "renew the access token", send, self.meter)
        return renewed(credential, answer, self._clock())


def found_in(what: str, answer: JSON) -> list[JSON]:
    """Return a batch's results; raises as ``refuse_part`` does."""
    refuse_part(what, answer.get("errors") or ())
    results: list[JSON] = answer["results"]
    return results


def refuse_part(what: str, errors: Iterable[JSON]) -> None:
    """Look at a batch's errors; objects that the vendor does not have, or has nothing to tell about, are no fault.

    Raises:
        VendorError: a part of the batch failed for another reason, so that the rest would look complete and is not.
    """
    for fault in errors:
        if fault.get("category") != "OBJECT_NOT_FOUND":
            raise VendorError(
                f"hubspot answered only a part ({what}): {str(fault.get('message') or fault.get('category'))[:200]}",
                hint="the next pull goes on where this one stopped; if it lasts, look at the vendor's status page",
            )


def next_page(answer: JSON) -> str | None:
    """Return the token of the following page, None on the last one."""
    token = ((answer.get("paging") or {}).get("next") or {}).get("after")
    return None if token is None else str(token)


def _send(method: Callable[..., Any], *arguments: Any, **options: Any) -> Reply:
    owner = getattr(method, "__self__", None)
    faults = _faults_of("hubspot.crm.objects" if owner is None else type(owner).__module__)
    try:
        answer = method(*arguments, **options, _preload_content=False, _request_timeout=_TIMEOUT)
        return Reply(answer.status, _lower(answer.headers), answer.data)
    except faults as fault:
        found: Any = fault
        if not found.status:
            raise Unreachable(str(found.reason)) from fault
        return Reply(found.status, _lower(found.headers or {}), found.body or b"")
    except urllib3.exceptions.HTTPError as fault:
        raise Unreachable(_reason(fault)) from fault


@cache
def _faults_of(module: str) -> type[Exception]:
    """Return the exception of the SDK's package that a client belongs to: each of them has its own."""
    package = importlib.import_module(f"{module.split('.api.')[0]}.exceptions")
    fault: type[Exception] = package.ApiException
    return fault


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _reason(fault: Exception) -> str:
    return str(getattr(fault, "reason", None) or fault).split("(Caused by")[0][:200]
