"""Lists with their members, and the submissions of forms. Forms themselves are read elsewhere."""

from collections.abc import Iterator
from hashlib import blake2b

from integrations.hubspot.listings import Listings
from integrations.hubspot.objects import instant, payload_of
from integrations.hubspot.portal import Portal, next_page
from integrations.hubspot.records import milliseconds, tombstone
from integrations.retry import Missing
from integrations.source import JSON, Cursor, Page, Record, Side

LISTS_SIZE, MEMBERS_SIZE, SUBMISSIONS_SIZE = 500, 250, 50
WHOLE_LIST = 100_000
"""Lists up to here are told whole on one page, so that who left them is known. Of larger ones who left is not told."""
QUIET_MS = 90 * 86_400_000
QUIET_EVERY_MS = 6 * 3_600_000
"""A form to which nobody has written for 90 days is asked for submissions every six hours."""
_MOVED = ("hs_last_record_added_at", "hs_last_record_removed_at")


class Lists:
    """Reads the lists, and the members of those that changed."""

    def __init__(self, portal: Portal, overlap_ms: int) -> None:
        self._portal = portal
        self._overlap_ms = overlap_ms

    def pages(self, cursor: Cursor | None) -> Iterator[Page]:
        """Yield each page of lists, then the members of the changed lists on it."""
        state = self._begin(cursor)
        while True:
            while state["pending"]:
                state, page = self._member_page(state)
                yield page
            if state["offset"] is None:
                break
            answer = self.search(state["offset"])
            found = answer["lists"]
            state = {
                **state,
                "offset": answer["offset"] if answer.get("hasMore") else None,
                "pending": [str(item["listId"]) for item in found if self._has_changed(item, state["since"])],
                "seen": [*state["seen"], *(str(item["listId"]) for item in found)],
            }
            yield self._portal.meter.page([_list_record(item) for item in found], state)
        seen = set(state["seen"])
        gone = [name for name in state["known"] if name not in seen]
        sides = (Side("list_memberships", [], tuple(gone)),) if gone else ()
        done = {"phase": "full", "since": state["started"], "known": sorted(seen)}
        yield self._portal.meter.page([tombstone(name, "deleted") for name in gone], done, sides=sides)

    def search(self, offset: int, count: int = LISTS_SIZE) -> JSON:
        """Return one page of lists as the vendor tells it."""
        request = {"offset": offset, "count": count, "query": "", "additionalProperties": ["hs_list_size", *_MOVED]}
        return self._portal.call("lists", self._portal.apis.lists.do_search, request)

    def _begin(self, cursor: Cursor | None) -> Cursor:
        if cursor is not None and cursor["phase"] == "reading":
            return cursor
        last = cursor or {"since": None, "known": []}
        return {
            "phase": "reading",
            "since": last["since"],
            "known": last["known"],
            "started": self._portal.now(),
            "offset": 0,
            "pending": [],
            "after": None,
            "seen": [],
        }

    def _has_changed(self, item: JSON, since: int | None) -> bool:
        more = item.get("additionalProperties") or {}
        if since is None or not any(more.get(name) for name in _MOVED):
            return True
        moments = (*(more.get(name) for name in _MOVED), item.get("updatedAt"))
        return max(_moment(moment) for moment in moments) >= since - self._overlap_ms

    def _member_page(self, state: Cursor) -> tuple[Cursor, Page]:
        """Read members of the first pending list, up to ``WHOLE_LIST`` of them."""
        number, *rest = state["pending"]
        after = state["after"]
        is_first = after is None
        records: list[Record] = []
        while True:
            more = {} if after is None else {"after": after}
            try:
                answer = self._portal.call(
                    "list memberships", self._portal.apis.memberships.get_page, number, limit=MEMBERS_SIZE, **more
                )
            except Missing:  # deleted since the lists were read
                answer = {"results": []}
            records += [_member_record(number, item) for item in answer["results"]]
            after = next_page(answer)
            if after is None or len(records) >= WHOLE_LIST:
                break
        whole = (number,) if is_first and after is None else ()
        state = {**state, "pending": rest if after is None else state["pending"], "after": after}
        return state, self._portal.meter.page([], state, sides=(Side("list_memberships", records, whole),))


class Submissions:
    """Reads what was sent through forms, newest first, down to what is known already."""

    def __init__(self, portal: Portal, listings: Listings, overlap_ms: int) -> None:
        self._portal = portal
        self._listings = listings
        self._overlap_ms = overlap_ms

    def pages(self, cursor: Cursor | None) -> Iterator[Page]:
        """Yield the submissions of one form after the other."""
        state = cursor or {"phase": "full", "newest": {}, "quiet_at": 0}
        if state["phase"] != "reading":
            state = self._begin(state)
            yield self._portal.meter.page([], state)
        while state["pending"]:
            state, records = self._form_page(state)
            yield self._portal.meter.page(records, state)
        yield self._portal.meter.page([], {name: state[name] for name in ("newest", "quiet_at")} | {"phase": "full"})

    def _begin(self, last: Cursor) -> Cursor:
        now = self._portal.now()
        asks_quiet = now - last["quiet_at"] >= QUIET_EVERY_MS
        pending, newest, after = [], {}, None
        while True:
            answer = self._listings.forms_page(after, now - self._overlap_ms)
            for form in answer["results"]:
                name = str(form["id"])
                known = last["newest"].get(name)
                moved = max(known or 0, milliseconds(form.get("createdAt")))
                if known is None or asks_quiet or now - moved < QUIET_MS:
                    pending.append(name)
                if known is not None:
                    newest[name] = known
            after = next_page(answer)
            if after is None:
                break
        return {
            "phase": "reading",
            "newest": newest,
            "quiet_at": now if asks_quiet else last["quiet_at"],
            "pending": pending,
            "after": None,
            "top": 0,
        }

    def _form_page(self, state: Cursor) -> tuple[Cursor, list[Record]]:
        form, *rest = state["pending"]
        path = f"/form-integrations/v1/submissions/forms/{form}"
        query: dict[str, str | int] = {"limit": SUBMISSIONS_SIZE}
        if state["after"] is not None:
            query["after"] = state["after"]
        try:
            answer = self._portal.get("form submissions", path, **query)
        except Missing:  # deleted since the forms were read
            answer = {"results": []}
        low = state["newest"].get(form, 0) - self._overlap_ms
        found = answer["results"]
        records = [_submission_record(form, item) for item in found if item["submittedAt"] >= low]
        top = max(state["top"], *(item["submittedAt"] for item in found), 0)
        after = next_page(answer)
        if after is not None and len(records) == len(found):
            return {**state, "after": after, "top": top}, records
        newest = {**state["newest"], form: max(top, state["newest"].get(form, 0))}
        return {**state, "pending": rest, "after": None, "top": 0, "newest": newest}, records


def _moment(text: str | None) -> int:
    """Return milliseconds of an instant that lists tell either as such or as ISO text."""
    if text is None or text == "":
        return 0
    return int(text) if str(text).isdigit() else milliseconds(text)


def _list_record(item: JSON) -> Record:
    return Record(str(item["listId"]), payload_of(item), instant(item.get("updatedAt")))


def _member_record(number: str, item: JSON) -> Record:
    payload = payload_of({"list_id": number, **item})
    return Record(f"{number}:{item['recordId']}", payload, instant(item.get("membershipTimestamp")))


def _submission_record(form: str, item: JSON) -> Record:
    # Old submissions have no id of their own: equal content at the same moment is the same submission.
    name = item.get("conversionId") or f"{item['submittedAt']}-{blake2b(payload_of(item), digest_size=8).hexdigest()}"
    return Record(f"{form}/{name}", payload_of({"form_id": form, **item}))
