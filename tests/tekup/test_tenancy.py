"""A context can't smuggle text into the statement that opens a transaction, and no permission is none."""

from uuid import UUID

import pytest

from tekup.tenancy import TenantContext, begin_statement

TENANT = UUID("00000000-0000-4000-8000-000000000001")
USER = UUID("00000000-0000-4000-8000-000000000002")


def test_the_statement_names_tenant_user_role_and_permissions() -> None:
    context = TenantContext(TENANT, "sales", frozenset({"leads:write", "leads:read"}), USER)
    assert begin_statement(context, read_only=True, isolation="REPEATABLE READ") == (
        "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; "
        f"SET LOCAL app.tenant_id = '{TENANT}'; SET LOCAL app.user_id = '{USER}'; SET LOCAL app.role = 'sales'; "
        "SET LOCAL app.permissions = 'leads:read leads:write'"
    )


def test_a_bare_tenant_is_the_products_own_work() -> None:
    assert begin_statement(TENANT) == begin_statement(TenantContext.system(TENANT))
    assert TenantContext.system(TENANT).may("anything")


@pytest.mark.parametrize("word", ["", "x'; drop table users; --", "a b", "Owner", "owner\n", "ø", "**"])
def test_words_that_could_leave_their_quotes_are_refused(word: str) -> None:
    with pytest.raises(ValueError):
        TenantContext(TENANT, word)
    with pytest.raises(ValueError):
        TenantContext(TENANT, "sales", frozenset({word}))


@pytest.mark.parametrize("value", [str(TENANT), None, 7])
def test_only_a_uuid_is_a_tenant(value: object) -> None:
    with pytest.raises(TypeError):
        TenantContext(value, "sales")  # type: ignore[arg-type]


def test_who_may_change_leads_sees_people_and_who_only_reads_leads_does_not() -> None:
    def sees(*permissions: str) -> bool:
        return TenantContext(TENANT, "token", frozenset(permissions)).sees_people

    assert sees("persons:read")
    assert sees("leads:write")
    assert not sees("leads:read", "scores:write")
    assert not sees()
