"""One tenant's simulated Stripe account in both modes, and the vendor's errors. Paths and handlers are elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from integrations.sandbox.exchange import JSON, Answer, Call, Refusal
from integrations.sandbox.stripe_life import life_of
from integrations.sandbox.stripe_store import StripeStore
from integrations.sandbox.tenants import TenantSpec

_LIVE_THINGS = 40


@dataclass
class StripeAccount:
    """One mode of one tenant's account; ``live()`` is the other one, where a little has happened."""

    tenant: TenantSpec
    store: StripeStore
    _live: "StripeAccount | None" = None

    def live(self) -> "StripeAccount":
        """Return the account's live mode, opened when it is first asked for."""
        if self._live is None:
            store = StripeStore(self.store.account, self.tenant.natural_key, {}, self.store.now, is_live=True)
            life = life_of(store)
            life.new_product()
            for _ in range(3):
                life.join()
                life.buy()
            life.happen(_LIVE_THINGS)
            self._live = StripeAccount(self.tenant, store)
        return self._live


Handler: TypeAlias = Callable[[StripeAccount, Call], Answer]


def error(status: int, kind: str, message: str, **extra: JSON) -> Answer:
    """Return an error in Stripe's own shape."""
    return Answer({"error": {"type": kind, "message": message, **extra}}, status)


def missing(kind: str, identifier: str) -> Refusal:
    """Return what Stripe says of an object that it does not have."""
    message = f"No such {kind.removesuffix('s')}: '{identifier}'"
    return Refusal(error(404, "invalid_request_error", message, code="resource_missing", param="id"))


def whole(text: str | None, name: str, default: int) -> int:
    """Return a parameter as a number.

    Raises:
        Refusal: it is none.
    """
    if text is None:
        return default
    if not text.lstrip("-").isdigit():
        raise Refusal(error(400, "invalid_request_error", f"Invalid integer: {text}", param=name))
    return int(text)
