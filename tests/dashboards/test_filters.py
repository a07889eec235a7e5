"""Filters in the page's address: read, checked, told where they are wrong, and written back."""

import pytest

from dashboards import navigation
from tests.dashboards.app_pages.opened import open_page
from tests.fixtures.database import TwoTenants

pytestmark = pytest.mark.usefixtures("here")


def test_the_address_chooses_and_a_choice_is_written_back(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "overview", query={"days": "7"})
    assert app.segmented_control(key="period").value == 7
    assert not app.warning
    app.segmented_control(key="period").set_value(90).run()
    assert app.query_params["days"] == "90"
    app.segmented_control(key="period").set_value(30).run()
    assert "days" not in app.query_params


def test_several_values_are_taken_and_none_is_kept_as_none(two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "attribution", query={"models": ["first", "linear"], "measure": "value"})
    assert app.pills(key="models").value == ["first", "linear"]
    assert app.segmented_control(key="measure").value == "value"
    app.pills(key="models").set_value([]).run()
    assert app.query_params["models"] == ""


@pytest.mark.parametrize("asked", ["17", "-1", "30; drop table", "<script>alert(1)</script>"])
def test_a_filter_that_does_not_exist_is_told_and_dropped(asked: str, two_tenants: TwoTenants) -> None:
    app = open_page(two_tenants.a, "overview", query={"days": asked})
    assert app.segmented_control(key="period").value == 30
    assert "which does not exist" in app.warning[0].value
    assert "<script>" not in app.warning[0].value
    assert "days" not in app.query_params


@pytest.mark.parametrize("page", [page.name for page in navigation.PAGES])
def test_no_address_breaks_a_page(page: str, two_tenants: TwoTenants) -> None:
    nonsense = dict.fromkeys(
        ("days", "models", "model", "measure", "channel", "currency", "source", "stage", "lead", "tab", "months"),
        "'%)_",
    )
    app = open_page(two_tenants.a, page, query=nonsense)
    assert not app.exception
    assert not [box.value for box in app.error if "went wrong" in box.value]
