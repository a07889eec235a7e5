"""OpenAI's batches: half the price, an answer within a day. What is asked, and what is stored, is decided elsewhere."""

import io
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

import orjson

from integrations.openai.answers import Answer, read_line
from integrations.openai.client import OpenaiClient, Rejected, told
from tekup.errors import VendorError

MARK = "tekup_batch"
"""The metadata by which a batch is found again whose id never reached us."""
_FILE_SECONDS = 7 * 86_400
"""Files hold leads' texts: the vendor forgets them after a week even where nobody deletes them."""
_LOOKBACK_SECONDS = 3_600
_FINAL = frozenset({"completed", "failed", "expired", "cancelled"})

Phase: TypeAlias = Literal["running", "completed", "failed", "expired", "cancelled"]


@dataclass(frozen=True, slots=True)
class BatchState:
    """How far a batch is. ``completed`` and ``failed`` count lines; the files exist once it is over."""

    vendor_id: str
    phase: Phase
    completed: int
    failed: int
    total: int
    input_file: str | None
    output_file: str | None
    error_file: str | None
    reason: str | None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.phase != "running"


class OpenaiBatches:
    """The batches of one client's project."""

    def __init__(self, client: OpenaiClient) -> None:
        self._sdk = client.sdk

    def upload(self, lines: Iterable[bytes], name: str) -> str:
        """Upload the input file and return its id.

        Raises:
            VendorError: it can't be uploaded.
        """
        content = io.BytesIO()
        content.writelines(lines)
        content.seek(0)
        with told():
            raw = self._sdk.files.with_raw_response.create(
                file=(f"{name}.jsonl", content, "application/jsonl"),
                purpose="batch",
                expires_after={"anchor": "created_at", "seconds": _FILE_SECONDS},
            )
        return str(_object(raw.http_response.content)["id"])

    def create(self, input_file: str, mark: str) -> BatchState:
        """Start a batch that carries ``mark``.

        It is tried once: a create that timed out may have worked, and a second one would be paid for again. `find`
        tells.

        Raises:
            Rejected: the file is gone or can't be used.
            VendorError: it is not known to have started.
        """
        with told():
            raw = self._sdk.with_options(max_retries=0).batches.with_raw_response.create(
                input_file_id=input_file,
                endpoint="/v1/responses",
                completion_window="24h",
                metadata={MARK: mark},
                output_expires_after={"anchor": "created_at", "seconds": _FILE_SECONDS},
            )
        return _state(_object(raw.http_response.content))

    def find(self, mark: str, since: float) -> BatchState | None:
        """Return the batch that carries ``mark`` among those made after ``since`` (seconds since the epoch).

        Raises:
            VendorError: the list can't be read.
        """
        after: str | None = None
        while True:
            with told():
                more: dict[str, Any] = {} if after is None else {"after": after}
                raw = self._sdk.batches.with_raw_response.list(limit=100, **more)
            page = _object(raw.http_response.content)
            found = [item for item in page.get("data") or [] if isinstance(item, dict)]
            for item in found:
                if (item.get("metadata") or {}).get(MARK) == mark:
                    return _state(item)
            is_past = bool(found) and float(found[-1].get("created_at") or 0) < since - _LOOKBACK_SECONDS
            if not found or is_past or not page.get("has_more"):
                return None
            after = str(found[-1]["id"])

    def look(self, vendor_id: str) -> BatchState | None:
        """Return how far a batch is; None where the vendor does not know it.

        Raises:
            VendorError: the vendor can't say.
        """
        try:
            with told():
                raw = self._sdk.batches.with_raw_response.retrieve(vendor_id)
        except Rejected:
            return None
        return _state(_object(raw.http_response.content))

    def answers(self, state: BatchState) -> dict[str, Answer]:
        """Return the outcome of each line by its ``custom_id``, from both files; a file that is gone has none.

        Raises:
            VendorError: a file can't be read.
        """
        found: dict[str, Answer] = {}
        for file in (state.error_file, state.output_file):  # a line in both has its answer in the second
            for line in self._download(file).splitlines() if file else ():
                told_line = read_line(line)
                if told_line is not None:
                    found[told_line[0]] = told_line[1]
        return found

    def cancel(self, vendor_id: str) -> None:
        """Stop a batch; one that is over already stays as it is."""
        try:
            with told():
                self._sdk.batches.with_raw_response.cancel(vendor_id)
        except Rejected:
            return

    def forget(self, *files: str | None) -> None:
        """Delete files at the vendor; one that can't be deleted expires by itself."""
        for file in files:
            if file is not None:
                try:
                    with told():
                        self._sdk.files.with_raw_response.delete(file)
                except VendorError:
                    continue

    def _download(self, file: str) -> bytes:
        try:
            with told():
                raw = self._sdk.files.with_raw_response.content(file)
        except Rejected:
            return b""
        return raw.http_response.content


def _state(body: dict[str, Any]) -> BatchState:
    status = body.get("status")
    counts = body.get("request_counts") or {}
    errors = (body.get("errors") or {}).get("data") or []
    first = errors[0] if errors and isinstance(errors[0], dict) else {}
    return BatchState(
        vendor_id=str(body["id"]),
        phase=cast(Phase, status) if status in _FINAL else "running",
        completed=int(counts.get("completed") or 0),
        failed=int(counts.get("failed") or 0),
        total=int(counts.get("total") or 0),
        input_file=body.get("input_file_id"),
        output_file=body.get("output_file_id"),
        error_file=body.get("error_file_id"),
        reason=first.get("message"),
    )


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or ("id" not in found and "data" not in found):
        raise VendorError("openai answered something that can't be read", hint="try again later")
    return found
