"""The app opened as a signed-in user in Streamlit's own test runner. Nothing is asserted here."""

from collections.abc import Mapping
from datetime import timedelta

from streamlit.testing.v1 import AppTest

from dashboards.formats import Language
from dashboards.session import SignedIn
from tekup.clock import utc_now
from tekup.directory.scopes import SCOPES
from tekup.directory.tenants import Tenant
from tests.paths import ROOT

TIMEOUT = 60


def open_app(
    tenant: Tenant | None,
    *,
    language: Language = Language.EN,
    scopes: tuple[str, ...] = SCOPES,
    lasts: timedelta = timedelta(hours=1),
) -> AppTest:
    """The app, run once."""
    app = AppTest.from_file(str(ROOT / "dashboards" / "app.py"), default_timeout=TIMEOUT)
    app.session_state["language"] = language
    if tenant is not None:
        app.session_state["signed_in"] = SignedIn(
            tenant.id, tenant.name, "anna@alfa.example", "admin", frozenset(scopes), utc_now() + lasts
        )
    return app.run()


def open_page(
    tenant: Tenant,
    page: str,
    *,
    language: Language = Language.EN,
    query: Mapping[str, str | list[str]] | None = None,
) -> AppTest:
    """The named page of a signed-in user of ``tenant``, by an address that asks for ``query``."""
    app = open_app(tenant, language=language)
    if query:  # a page without filters first, so that no other reads them
        app.switch_page("app_pages/account.py").run()
        for name, value in query.items():
            app.query_params[name] = value
    return app.switch_page(f"app_pages/{page}.py").run()


def visible_text(app: AppTest) -> str:
    """All that the page says, tables included."""
    said: list[str] = [
        str(element.value) for kind in ("title", "subheader", "markdown", "caption") for element in app.get(kind)
    ]
    said += [str(box.value) for kind in ("info", "warning", "error", "success") for box in app.get(kind)]
    said += [f"{metric.label} {metric.value} {metric.delta}" for metric in app.metric]
    said += [frame.value.to_csv() for frame in [*app.dataframe, *app.table]]
    return "\n".join(said)
