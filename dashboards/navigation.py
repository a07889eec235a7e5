"""Which pages there are, in which part of the menu, and which scope opens each. What they show is their own affair."""

from dataclasses import dataclass
from typing import Literal

Section = Literal["section_today", "section_marketing", "section_money", "section_house"]


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its file in ``app_pages``, its icon, its part of the menu and the scopes of which one opens it."""

    name: str
    icon: str
    section: Section
    scopes: tuple[str, ...]

    def is_open_to(self, scopes: frozenset[str]) -> bool:
        """Whether somebody with ``scopes`` has this page; a page without scopes is everybody's."""
        return not self.scopes or any(scope in scopes for scope in self.scopes)


PAGES = (
    Page("overview", ":material/space_dashboard:", "section_today", ("kpis:read",)),
    Page("leads", ":material/person_search:", "section_today", ("leads:read",)),
    Page("pipeline", ":material/filter_alt:", "section_money", ("deals:read",)),
    Page("revenue", ":material/payments:", "section_money", ("kpis:read",)),
    Page("attribution", ":material/hub:", "section_marketing", ("attribution:read",)),
    Page("campaigns", ":material/campaign:", "section_marketing", ("campaigns:read", "experiments:read")),
    Page("models", ":material/model_training:", "section_house", ("scores:read",)),
    Page("data_health", ":material/monitor_heart:", "section_house", ("kpis:read",)),
    Page(
        "administration",
        ":material/admin_panel_settings:",
        "section_house",
        ("users:read", "tokens:read", "tenant:write", "audit:read", "privacy:write"),
    ),
    Page("account", ":material/account_circle:", "section_house", ()),
)
"""In the order of the menu; the first one that is open to somebody is where he begins."""
