"""HubSpot's own words: errors, batches, paging. It holds no data."""

import uuid

from integrations.sandbox.exchange import JSON, Answer, Refusal, iso


def error(status: int, category: str, message: str, **extra: JSON) -> Answer:
    """Return an error in HubSpot's own shape."""
    body = {
        "status": "error",
        "message": message,
        "correlationId": str(uuid.uuid4()),
        "category": category,
        **extra,
    }
    return Answer(body, status)


def unauthorized() -> Answer:
    """Return what HubSpot says to a wrong or revoked token."""
    return error(
        401,
        "INVALID_AUTHENTICATION",
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more "
        "details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
    )


def expired() -> Answer:
    """Return what HubSpot says to a token whose time is over."""
    return error(401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired.")


def throttled(policy: str) -> Answer:
    """Return what HubSpot says when its limit is reached."""
    return error(
        429,
        "RATE_LIMITS",
        f"You have reached your {policy.lower()} limit.",
        errorType="RATE_LIMIT",
        policyName=policy,
    )


def forbidden(scope: str) -> Refusal:
    """Return what HubSpot says to a token without the scope."""
    message = "This app hasn't been granted all required scopes to make this call. Read more about required scopes."
    return Refusal(error(403, "MISSING_SCOPES", f"{message} ({scope})"))


def invalid(message: str) -> Refusal:
    """Return what HubSpot says to a request that makes no sense."""
    return Refusal(error(400, "VALIDATION_ERROR", message))


def not_found(what: str) -> Refusal:
    """Return what HubSpot says about an object that there is not."""
    return Refusal(error(404, "OBJECT_NOT_FOUND", f"No object found with the id {what}"))


def number_of(text: str | None) -> int:
    """Return an id or cursor as a number; -1 for what is none."""
    return int(text) if text is not None and text.isdigit() else -1


def page_limit(text: str | None, default: int, most: int) -> int:
    """Return how many rows a page may have."""
    limit = number_of(text or str(default))
    if not 1 <= limit <= most:
        raise invalid(f"limit must be between 1 and {most}")
    return limit


def batch(results: list[JSON], errors: list[JSON] | None = None) -> Answer:
    """Return a batch's answer: 207 when a part of it failed."""
    moment = iso(0)
    body = {"status": "COMPLETE", "results": results, "startedAt": moment, "completedAt": moment}
    if errors:
        return Answer({**body, "numErrors": len(errors), "errors": errors}, 207)
    return Answer(body)


def missing(ids: list[str], message: str = "Could not get some objects, they may be deleted or not exist.") -> JSON:
    """Return the part of a batch's answer that tells what was not found."""
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "message": message,
        "context": {"ids": ids},
        "errors": [],
        "links": {},
    }
