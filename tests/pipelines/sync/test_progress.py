"""A long read tells now and then how far it is, and how long it will take where the vendor says how much there is."""

from pipelines.sync.journal import StreamResult
from pipelines.sync.progress import Progress, line


def test_a_line_is_shown_every_ten_seconds_at_most() -> None:
    now, shown = [0.0], list[str]()
    progress = Progress(shown.append, clock=lambda: now[0])
    for second in range(1, 26):
        now[0] = float(second)
        progress(StreamResult("contacts", rows_read=1_000 * second, expected=100_000))
    assert shown == [
        "contacts: 10,000 of 100,000 rows, 1,000 rows/s, about 2 min left",
        "contacts: 20,000 of 100,000 rows, 1,000 rows/s, about 80 s left",
    ]


def test_without_a_total_there_is_no_estimate() -> None:
    assert line(StreamResult("events", rows_read=5_000), 10.0) == "events: 5,000 rows, 500 rows/s"
    assert line(StreamResult("events", rows_read=10, expected=10_000), 10.0).endswith("about 2.8 h left")
