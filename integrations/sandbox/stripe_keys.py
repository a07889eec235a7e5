"""What a simulated Stripe key opens: tenant, mode, connected account, and what a restricted key may not read."""

import re
from dataclasses import dataclass

from integrations.sandbox.identifiers import base62, key_of
from integrations.sandbox.tenants import BY_SLUG

PLATFORM_KEY = "sk_test_sandbox_platform"
"""The key of a platform to which every simulated tenant is connected: the tenant is named by ``Stripe-Account``."""
_KEY = re.compile(r"(?:sk|rk)_(test|live)_sandbox_(?P<slug>[a-z-]+?)(?:__no_(?P<denied>[a-z_]+))?")


@dataclass(frozen=True)
class Access:
    """One key as it was used. ``denied`` is the first part of the paths that the key may not read."""

    slug: str
    is_live: bool = False
    denied: str | None = None
    account: str | None = None
    is_platform: bool = False


def account_id(slug: str) -> str:
    """Return the id of a tenant's account."""
    return str(base62("acct_1", key_of(slug, "account"), 1, 16)[0])


def with_account(key: str, account: str | None) -> str:
    """Join a key and the ``Stripe-Account`` header to one credential."""
    return key if account is None else f"{key}@{account}"


def parse_key(credential: str) -> Access | None:
    """Return what a credential opens, None where it is no key of a tenant that uses Stripe.

    ``sandbox-stripe-SLUG`` and ``sk_test_sandbox_SLUG`` open the tenant's test mode, ``sk_live_sandbox_SLUG`` its live
    mode; ``rk_test_sandbox_SLUG__no_disputes`` is a restricted key that may not read disputes.
    """
    key, _, account = credential.partition("@")
    if key == PLATFORM_KEY:
        slug = next((slug for slug in BY_SLUG if account_id(slug) == account), None)
        return Access(slug, account=account, is_platform=True) if slug else None
    if key.startswith("sandbox-stripe-"):
        found = Access(key.removeprefix("sandbox-stripe-"), account=account or None)
    else:
        match = _KEY.fullmatch(key)
        if match is None:
            return None
        found = Access(match["slug"], match[1] == "live", match["denied"], account or None)
    tenant = BY_SLUG.get(found.slug)
    return found if tenant is not None and "stripe" in tenant.vendors else None
