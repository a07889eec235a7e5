"""A walk over every route of the API as one tenant, recorded call by call. What is done with the record is a test's."""

from tests.security.tour import data, hubspot, people, records
from tests.security.tour.recording import Call, Tour

__all__ = ["Call", "Tour", "walk"]


def walk(tour: Tour) -> list[Call]:
    """Call every route so that it answers with success; the record, in order."""
    for station in (records, data, people, hubspot):
        station.walk(tour)
    return tour.calls
