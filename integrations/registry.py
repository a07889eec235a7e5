"""Finds a vendor's source, and how its webhooks are read, by its name. Whose credential it is, the caller knows."""

from collections.abc import Callable

from integrations.credentials import Credential, Keep, parse_credential
from integrations.hubspot import webhooks as hubspot_webhooks
from integrations.kit import webhooks as kit_webhooks
from integrations.source import Source
from integrations.stripe import webhooks as stripe_webhooks
from integrations.webhooks import WebhookFormat
from tekup.errors import VendorError

VENDORS = ("hubspot", "stripe", "kit")


def open_source(vendor: str, credential: str, api_base: str | None = None, *, keep: Keep | None = None) -> Source:
    """Return the source of one account; ``api_base`` (default: the vendor itself) may point at the sandbox.

    ``credential`` is a bare key or JSON (see ``Credential``); ``keep`` stores tokens that were renewed. Nothing is sent
    before the first page is asked for. A vendor's SDK is imported only when it is opened: each costs up to a second.

    Raises:
        VendorError: there is no such vendor.
        BadInput: the credential can't be read.
    """
    opener = _openers().get(vendor)
    if opener is None:
        raise VendorError(f"there is no vendor {vendor!r}", hint=f"choose one of {', '.join(VENDORS)}")
    return opener(parse_credential(credential), api_base, keep)


def webhook_format(vendor: str) -> WebhookFormat | None:
    """The format of a vendor's webhooks, or None for a vendor that sends none."""
    formats = {"hubspot": hubspot_webhooks.FORMAT, "stripe": stripe_webhooks.FORMAT, "kit": kit_webhooks.FORMAT}
    return formats.get(vendor)


def _openers() -> dict[str, Callable[[Credential, str | None, Keep | None], Source]]:
    return {"hubspot": _open_hubspot, "stripe": _open_stripe, "kit": _open_kit}


def _open_hubspot(credential: Credential, api_base: str | None, keep: Keep | None) -> Source:
    from integrations.hubspot.client import HubspotSource

    return HubspotSource(credential, api_base, keep=keep)


def _open_stripe(credential: Credential, api_base: str | None, keep: Keep | None) -> Source:
    from integrations.stripe.client import StripeSource

    return StripeSource(credential, api_base)


def _open_kit(credential: Credential, api_base: str | None, keep: Keep | None) -> Source:
    from integrations.kit.client import KitSource

    return KitSource(credential, api_base, keep=keep)
