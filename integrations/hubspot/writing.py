"""Writing to a portal, and reading what a writer must know first. What is to be written is decided elsewhere."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

from integrations.credentials import Credential, Keep, parse_credential
from integrations.hubspot.kinds import ASSOCIATION_BATCH, BATCH_SIZE, HISTORY_SIZE
from integrations.hubspot.objects import instant
from integrations.hubspot.portal import Portal, found_in
from integrations.retry import RETRIED_STATUSES, Missing, Rejected, RetryPolicy
from integrations.source import JSON

UNIQUE_ID = "tekup_id"
"""The portal's property that carries a record's own id: no two objects have the same."""
_CONFLICT = 409
_SEARCHED = 100
T = TypeVar("T")
_Write: TypeAlias = Callable[[Sequence[Any]], JSON]


@dataclass(frozen=True, slots=True)
class Told:
    """An object as the portal has it now; ``properties`` without those that are empty."""

    id: str
    properties: Mapping[str, str]
    updated_at: datetime
    links: dict[str, list[str]] = field(default_factory=dict)
    """Ids of associated objects, by kind."""


@dataclass(slots=True)
class Written:
    """What became of a batch, by the caller's own keys: the object's id, or why the portal refuses it."""

    done: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


class HubspotWriter:
    """One portal. ``retry`` waits little: whoever calls it comes again later.

    Every method raises CredentialRefused, PermissionLacking, or VendorError where the portal can't be reached.
    """

    def __init__(
        self,
        credential: Credential | str,
        api_base: str | None = None,
        *,
        keep: Keep | None = None,
        retry: RetryPolicy | None = None,
        clock: Callable[[], float] = time.time,
        paced: bool | None = None,
    ) -> None:
        given = parse_credential(credential) if isinstance(credential, str) else credential
        # 409 is an answer here: another object has the value already
        policy = retry or RetryPolicy(attempts=4, budget_seconds=60.0)
        policy.retried = RETRIED_STATUSES - {_CONFLICT}
        self._portal = Portal(given, api_base, keep=keep, retry=policy, clock=clock, paced=paced)

    def close(self) -> None:
        """Close the SDK's connections."""
        self._portal.close()

    def read(self, kind: str, ids: Sequence[str], names: Sequence[str], by: str | None = None) -> dict[str, Told]:
        """Objects by their ids, or by the unique property ``by``; those that are not there are left out.

        An id that was merged into another is left out too, see ``survivor``.
        """
        found: dict[str, Told] = {}
        asked_names = list(dict.fromkeys([*names, UNIQUE_ID, *([by] if by else [])]))
        for part in _batched(dict.fromkeys(ids), BATCH_SIZE):
            body: JSON = {"inputs": [{"id": one} for one in part], "properties": asked_names}
            body["propertiesWithHistory"] = []
            if by:
                body["idProperty"] = by
            answer = self._portal.call(f"read {kind}", self._portal.apis.batches.read, kind, body, archived=False)
            for item in found_in(f"read {kind}", answer):
                told = _told(item)
                found[told.properties.get(by, "").lower() if by else told.id] = told
        return found

    def survivor(self, kind: str, number: str, names: Sequence[str]) -> Told | None:
        """The object that an id now stands for: itself, or the one that it was merged into; None where it is gone."""
        try:
            item = self._portal.call(
                f"read {kind}", self._portal.apis.objects.get_by_id, kind, number,
                properties=[*names, UNIQUE_ID], archived=False,
            )  # fmt: skip
        except Missing:
            return None
        return _told(item)

    def changed_at(self, kind: str, ids: Sequence[str], names: Sequence[str]) -> dict[tuple[str, str], datetime]:
        """When each property of each object was last set, as far as the portal tells."""
        found = {}
        for part in _batched(dict.fromkeys(ids), HISTORY_SIZE):
            body: JSON = {
                "inputs": [{"id": one} for one in part], "properties": [], "propertiesWithHistory": list(names),
            }  # fmt: skip
            answer = self._portal.call(f"read {kind}", self._portal.apis.batches.read, kind, body, archived=False)
            for item in found_in(f"read {kind}", answer):
                for name, versions in (item.get("propertiesWithHistory") or {}).items():
                    moments = [instant(one["timestamp"]) for one in versions]
                    if moments:
                        found[item["id"], name] = max(one for one in moments if one is not None)
        return found

    def links(self, kind: str, ids: Sequence[str], other: str) -> dict[str, list[str]]:
        """Ids of the ``other`` objects that each object is associated with, in order; none is no entry."""
        found: dict[str, list[str]] = {}
        for part in _batched(dict.fromkeys(ids), ASSOCIATION_BATCH):
            what = f"read associations of {kind}"
            inputs = [{"id": one} for one in part]
            answer = self._portal.call(what, self._portal.apis.associations.get_page, kind, other, {"inputs": inputs})
            for item in found_in(what, answer):
                found[item["from"]["id"]] = sorted((str(to["toObjectId"]) for to in item["to"]), key=int)
        return found

    def find(self, kind: str, name: str, values: Iterable[str], names: Sequence[str]) -> list[Told]:
        """Objects with one of these values of a property, by the search index, which lags by seconds."""
        found = []
        for part in _batched(dict.fromkeys(values), _SEARCHED):
            body = {
                "filterGroups": [{"filters": [{"propertyName": name, "operator": "IN", "values": list(part)}]}],
                "properties": [*names, UNIQUE_ID], "limit": 200, "sorts": ["hs_object_id"],
            }  # fmt: skip
            answer = self._portal.call(f"search {kind}", self._portal.apis.searches.do_search, kind, body)
            found += [_told(item) for item in answer["results"]]
        return found

    def update(self, kind: str, changes: Mapping[str, Mapping[str, str]]) -> Written:
        """Set properties of objects, by their ids."""
        inputs = [{"id": number, "properties": dict(values)} for number, values in changes.items()]
        return self._batch(f"write {kind}", inputs, lambda part: self._call_batch("update", kind, part), "id")

    def upsert(self, kind: str, records: Mapping[str, Mapping[str, str]]) -> Written:
        """Make or change the objects that carry our records' ids: sent twice, each is made once."""
        inputs = [
            {"id": own, "idProperty": UNIQUE_ID, "properties": {UNIQUE_ID: own, **values}}
            for own, values in records.items()
        ]
        return self._batch(f"write {kind}", inputs, lambda part: self._call_batch("upsert", kind, part), UNIQUE_ID)

    def archive(self, kind: str, ids: Sequence[str]) -> None:
        """Put objects into the recycle bin; those that are gone are none's fault."""
        for part in _batched(ids, BATCH_SIZE):
            self._call_batch("archive", kind, [{"id": one} for one in part])

    def merge(self, kind: str, kept: str, other: str) -> str:
        """Merge two objects; the id of what they become. Two that are one already stay so."""
        survivors = [self.survivor(kind, number, ()) for number in (kept, other)]
        first, second = survivors
        if first is None or second is None or first.id == second.id:
            return (first or second or Told(kept, {}, datetime.min)).id
        body = {"primaryObjectId": first.id, "objectIdToMerge": second.id}
        answer = self._post(f"merge {kind}", f"/crm/v3/objects/{kind}/merge", body)
        return str(answer["id"])

    def associate(self, kind: str, other: str, pairs: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Associate objects of two kinds; those pairs of which an end is not there are returned."""
        api = self._portal.apis.associations
        lacking: set[str] = set()
        for part in _batched(pairs, BATCH_SIZE):
            inputs = [{"from": {"id": one}, "to": {"id": two}} for one, two in part]
            answer = self._portal.call(f"associate {kind}", api.create_default, kind, other, {"inputs": inputs})
            for fault in answer.get("errors") or ():
                lacking |= {str(one) for one in (fault.get("context") or {}).get("ids", ())}
        return {pair for pair in pairs if lacking.intersection(pair)}

    def dissociate(self, kind: str, other: str, pairs: Sequence[tuple[str, str]]) -> None:
        """Take associations away."""
        api = self._portal.apis.associations
        for part in _batched(pairs, BATCH_SIZE):
            inputs = [{"from": {"id": one}, "to": [{"id": two}]} for one, two in part]
            self._portal.call(f"associate {kind}", api.archive, kind, other, {"inputs": inputs})

    def count(self, kind: str) -> int:
        """How many live objects there are, by the search index."""
        body = {"filterGroups": [], "limit": 1}
        answer = self._portal.call(f"search {kind}", self._portal.apis.searches.do_search, kind, body)
        return int(answer["total"])

    def properties(self, kind: str) -> set[str]:
        """The names of a kind's properties."""
        answer = self._portal.call(f"read properties of {kind}", self._portal.apis.properties.get_all, kind)
        return {str(one["name"]) for one in answer["results"]}

    def make_unique_id(self, kind: str) -> None:
        """Make the property that carries our records' ids, where there is none.

        Raises:
            Rejected: the portal does not take it.
        """
        body = {
            "name": UNIQUE_ID, "label": "TekUp id", "type": "string", "fieldType": "text", "hasUniqueValue": True,
            "groupName": f"{_SINGULAR[kind]}information", "description": "The record's id in TekUp. Do not change it.",
        }  # fmt: skip
        try:
            self._portal.call(f"make a property of {kind}", self._portal.apis.properties.create, kind, body)
        except Rejected as fault:
            if str(_CONFLICT) not in fault.what:
                raise

    def owners(self) -> dict[str, str]:
        """The ids of owners who are there, by e-mail in lower case."""
        answer = self._portal.call("read owners", self._portal.apis.owners.get_page, limit=500, archived=False)
        return {str(one["email"]).lower(): str(one["id"]) for one in answer["results"] if one.get("email")}

    def pipelines(self) -> list[JSON]:
        """The pipelines of deals with their stages."""
        answer = self._portal.call("read pipelines", self._portal.apis.pipelines.get_all, "deals")
        found: list[JSON] = answer["results"]
        return found

    def _call_batch(self, name: str, kind: str, inputs: Sequence[Any]) -> JSON:
        method = getattr(self._portal.apis.batches, name)
        return self._portal.call(f"write {kind}", method, kind, {"inputs": list(inputs)})

    def _batch(self, what: str, inputs: Sequence[Any], write: _Write, by: str) -> Written:
        """Write in batches; one that is refused is halved until the objects that are at fault stand alone."""
        written = Written()
        for part in _batched(inputs, BATCH_SIZE):
            for key, number, fault in _halved(list(part), write, by):
                if fault is None:
                    written.done[key] = number
                else:
                    written.refused[key] = fault
        return written

    def _post(self, what: str, path: str, body: JSON) -> JSON:
        client = self._portal.apis.objects.api_client

        def send(**options: Any) -> Any:
            headers = {"Accept": "application/json", "Content-Type": "application/json"}
            return client.call_api(path, "POST", {}, [], headers, body=body, auth_settings=["oauth2"], **options)

        return self._portal.call(what, send)


_SINGULAR = {"contacts": "contact", "companies": "company", "deals": "deal"}


def _halved(inputs: list[Any], write: _Write, by: str) -> Iterator[tuple[str, str, str | None]]:
    try:
        answer = write(inputs)
    except Rejected as fault:
        if len(inputs) == 1:
            yield inputs[0]["id"], "", fault.what.partition(": ")[2] or fault.what
            return
        middle = len(inputs) // 2
        yield from _halved(inputs[:middle], write, by)
        yield from _halved(inputs[middle:], write, by)
        return
    except Missing as fault:
        yield from ((item["id"], "", fault.what) for item in inputs)
        return
    for item in answer["results"]:
        key = item["id"] if by == "id" else str(item["properties"].get(by))
        yield key, str(item["id"]), None
    for error in answer.get("errors") or ():
        said = str(error.get("message") or error.get("category"))[:300]
        yield from ((str(one), "", said) for one in (error.get("context") or {}).get("ids", ()))


def _batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    found = list(items)
    return (found[start : start + size] for start in range(0, len(found), size))


def _told(item: JSON) -> Told:
    properties = {name: str(value) for name, value in item["properties"].items() if value not in (None, "")}
    moment = instant(item["updatedAt"])
    assert moment is not None
    return Told(str(item["id"]), properties, moment)
