"""Asks OpenAI what a lead's text says. Consent, caching and budgets are the caller's business."""

import openai
from pydantic import ValidationError

from integrations.openai.records import Enrichment
from tekup.errors import CredentialRefused, VendorError

DEFAULT_MODEL = "gpt-5-mini"
PROMPT_VERSION = 1
_PROMPT = (
    "You read what a person wrote to a company and answer with facts from the text only. "
    "Use null or 'none' where the text does not say. The summary is one sentence without personal data."
)


class OpenaiClient:
    """One project's key. The SDK retries 408, 409, 429 and 5xx itself and honours Retry-After."""

    vendor = "openai"

    def __init__(
        self, credential: str, api_base: str | None = None, *, model: str = DEFAULT_MODEL, max_retries: int = 4
    ) -> None:
        base = f"{api_base.rstrip('/')}/v1" if api_base else None
        self._sdk = openai.OpenAI(api_key=credential, base_url=base, max_retries=max_retries, timeout=30.0)
        self.model = model

    def enrich(self, text: str) -> Enrichment:
        """Return what the text says, validated.

        Raises:
            CredentialRefused: the key is refused.
            VendorError: no answer, a refusal, a cut-off answer or one that breaks the schema.
        """
        try:
            response = self._sdk.responses.parse(
                model=self.model, instructions=_PROMPT, input=text, text_format=Enrichment, store=False
            )
        except (openai.AuthenticationError, openai.PermissionDeniedError) as fault:
            raise CredentialRefused(
                f"openai refused the credential: {fault.message}", hint="store a valid one: tekup connect TENANT openai"
            ) from fault
        except openai.APIError as fault:
            raise VendorError(f"openai could not answer: {fault.message}", hint="try again later") from fault
        except ValidationError as fault:
            raise VendorError("openai answered something that breaks the schema", hint="ask again") from fault
        if response.status == "incomplete":
            reason = response.incomplete_details.reason if response.incomplete_details else "unknown"
            raise VendorError(f"openai cut its answer off ({reason})", hint="shorten the text")
        if response.output_parsed is None:
            raise VendorError("openai declined to answer about this text", hint="the lead stays without enrichment")
        return response.output_parsed

    def check(self) -> dict[str, str]:
        """Return how many models the key may use."""
        try:
            models = list(self._sdk.models.list())
        except openai.AuthenticationError as fault:
            raise CredentialRefused(
                f"openai refused the credential: {fault.message}", hint="store a valid one: tekup connect TENANT openai"
            ) from fault
        except openai.APIError as fault:
            raise VendorError(f"openai could not answer: {fault.message}", hint="try again later") from fault
        return {"models": str(len(models))}

    def close(self) -> None:
        """Close the connections."""
        self._sdk.close()
