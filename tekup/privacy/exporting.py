"""A person's data as an archive: one file of JSON lines a place, and a manifest that says what each is."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from tekup.db import Doors
from tekup.privacy.holders import Scope, holders, resolve
from tekup.privacy.persons import NoSuchPerson, Person
from tekup.privacy.requests import Requests

FORMAT = "tekup-person-export/1"


def export_person(doors: Doors, tenant_id: UUID, request_id: UUID) -> bytes:
    """Work an export off and return the archive, which is also kept, sealed, until the request is settled.

    Raises:
        NoSuchPerson: nothing is known of the subject.
    """
    requests = Requests(doors, tenant_id)
    request = requests.find(request_id)
    kept = requests.archive(request)
    if kept is not None:
        return kept
    scope = Scope(doors, tenant_id)
    person = resolve(scope, requests.subject(request))
    requests.begin(request, person)
    archive, places = write_archive(scope, person)
    if not places:
        error = NoSuchPerson("nothing is known of this subject", hint="try another e-mail, number or id of the person")
        requests.fail(request, error.what)
        raise error
    requests.note_step(request, "export", places)
    requests.finish(request, archive=archive)
    return archive


def write_archive(scope: Scope, person: Person) -> tuple[bytes, dict[str, int]]:
    """The archive and the rows by place. Rows of others that mention the person are counted, and theirs to keep."""
    files: dict[str, list[str]] = {}
    for holder in holders().values():
        for place, row in holder.export(scope, person):
            files.setdefault(place, []).append(json.dumps(_plain(row), ensure_ascii=False))
    mentioned: dict[str, int] = {}
    for holder in holders().values():
        for place, count in holder.sweep(scope, person, mends=False).items():
            mentioned[place] = max(0, count - len(files.get(place, [])))
    buffer, told = io.BytesIO(), []
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for place in sorted(files):
            text = "\n".join(files[place]) + "\n"
            archive.writestr(f"{place}.jsonl", text)
            digest = hashlib.sha256(text.encode()).hexdigest()
            told.append({"place": place, "file": f"{place}.jsonl", "rows": len(files[place]), "sha256": digest})
        manifest = {
            "format": FORMAT,
            "tenant_id": str(scope.tenant_id),
            "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "identifiers": {kind: sorted(person.of(kind)) for kind in person.ids},
            "places": told,
            "mentions_in_others_rows": {place: count for place, count in sorted(mentioned.items()) if count},
        }
        archive.writestr("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1))
    return buffer.getvalue(), {place: len(rows) for place, rows in files.items()}


def _plain(value: Any) -> Any:
    """A value as JSON has it: money in cents and times in ISO 8601, as they are stored."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items() if not isinstance(one, bytes | memoryview)}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)
