"""Asks OpenAI what a text says. Consent, caching, budgets and what a text may hold are the caller's business."""

from collections.abc import Iterator
from contextlib import contextmanager

import openai
import orjson

from integrations.credentials import parse_credential
from integrations.openai.answers import Answer, read_answer
from integrations.openai.requests import DEFAULT_MODEL, request_body
from tekup.errors import CredentialRefused, PermissionLacking, VendorError

TIMEOUT_SECONDS = 60.0


class Unanswered(VendorError):
    """No whole answer came, so nobody can say whether the question was worked on and will be billed."""


class Rejected(VendorError):
    """The vendor turned one request away for what it says; another request may be good."""

    def __init__(self, what: str, *, status: int) -> None:
        super().__init__(what, hint="see the vendor's own words above")
        self.status = status


class OpenaiClient:
    """One project's key; its threads may share it.

    The SDK retries 408, 409, 429, 5xx and lost connections by itself, ``max_retries`` times with growing waits of at
    most 8 s, and honours a Retry-After of up to two minutes; a longer one fails at once.
    """

    vendor = "openai"

    def __init__(
        self, credential: str, api_base: str | None = None, *, model: str = DEFAULT_MODEL, max_retries: int = 4
    ) -> None:
        base = f"{api_base.rstrip('/')}/v1" if api_base else None
        key = parse_credential(credential).token
        self.sdk = openai.OpenAI(api_key=key, base_url=base, max_retries=max_retries, timeout=TIMEOUT_SECONDS)
        self.model = model

    def ask(self, text: str) -> Answer:
        """Return what the text says, or why that is not known: an unusable answer is an outcome, not an error.

        Raises:
            CredentialRefused: the key is refused, or may not use the model.
            Unanswered: the connection failed for longer than the retries last.
            VendorError: the vendor failed or throttled for longer than the retries last, or has no such model.
        """
        try:
            with told():
                raw = self.sdk.responses.with_raw_response.create(**request_body(text, self.model))
        except Rejected as fault:
            if fault.status == 404:  # the model or the address is wrong, which no other text would mend
                raise
            return Answer("failed", reason=fault.what[:200], input_tokens=0, output_tokens=0)
        return read_answer(raw.http_response.content, raw.request_id)

    def check(self) -> dict[str, str]:
        """Return how many models the key may use."""
        with told():
            raw = self.sdk.models.with_raw_response.list()
        try:
            return {"models": str(len(orjson.loads(raw.http_response.content)["data"]))}
        except (orjson.JSONDecodeError, KeyError, TypeError) as fault:
            raise VendorError("openai's list of models can't be read", hint="try again later") from fault

    def close(self) -> None:
        """Close the connections."""
        self.sdk.close()


@contextmanager
def told() -> Iterator[None]:
    """Turn the SDK's errors into the product's."""
    try:
        yield
    except openai.AuthenticationError as fault:
        raise CredentialRefused(
            f"openai refused the credential: {fault.message}", hint="store a valid one: tekup connect TENANT openai"
        ) from fault
    except openai.PermissionDeniedError as fault:
        raise PermissionLacking(
            f"openai does not let this credential ask: {fault.message}",
            hint="give the key's project the right to use the model, files and batches",
        ) from fault
    except openai.APIConnectionError as fault:
        raise Unanswered(f"openai gave no whole answer: {fault.message}", hint="try again later") from fault
    except openai.APIStatusError as fault:
        if fault.status_code == 429 or fault.status_code >= 500:
            raise VendorError(
                f"openai answered {fault.status_code}: {fault.message}",
                hint="try again later; if it lasts, look at the project's limits and the vendor's status page",
            ) from fault
        raise Rejected(f"openai answered {fault.status_code}: {fault.message}", status=fault.status_code) from fault
    except openai.APIError as fault:
        raise Unanswered(f"openai could not be read: {fault.message}", hint="try again later") from fault
