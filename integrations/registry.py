"""Opens a vendor's source by its name. Which tenant has which credential is the caller's business."""

from collections.abc import Callable

from integrations.source import Source
from tekup.errors import VendorError

VENDORS = ("hubspot", "stripe", "kit")


def open_source(vendor: str, credential: str, api_base: str | None = None) -> Source:
    """Return the source of one account; ``api_base`` (default: the vendor itself) may point at the sandbox.

    Nothing is sent before the first page is asked for. A vendor's SDK is imported only when it is opened: each
    costs up to a second.

    Raises:
        VendorError: there is no such vendor.
    """
    opener = _openers().get(vendor)
    if opener is None:
        raise VendorError(f"there is no vendor {vendor!r}", hint=f"choose one of {', '.join(VENDORS)}")
    return opener(credential, api_base)


def _openers() -> dict[str, Callable[[str, str | None], Source]]:
    return {"hubspot": _open_hubspot, "stripe": _open_stripe, "kit": _open_kit}


def _open_hubspot(credential: str, api_base: str | None) -> Source:
    from integrations.hubspot.client import HubspotSource

    return HubspotSource(credential, api_base)


def _open_stripe(credential: str, api_base: str | None) -> Source:
    from integrations.stripe.client import StripeSource

    return StripeSource(credential, api_base)


def _open_kit(credential: str, api_base: str | None) -> Source:
    from integrations.kit.client import KitSource

    return KitSource(credential, api_base)
