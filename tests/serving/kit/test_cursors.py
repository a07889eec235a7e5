"""Cursors are good for one tenant and one question."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.kit.cursors import CursorSigner
from serving.kit.problems import Problem

SIGNER = CursorSigner(b"k" * 32)
TENANT = UUID(int=1)


@given(st.lists(st.text() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(), max_size=4), st.text())
def test_what_was_made_is_opened(position: list[object], question: str) -> None:
    if any("\ud800" <= character <= "\udfff" for character in question):
        return
    assert SIGNER.open(TENANT, question, SIGNER.make(TENANT, question, position)) == position


@given(st.text(max_size=60))
def test_what_was_not_made_is_refused(text: str) -> None:
    with pytest.raises(Problem) as refused:
        SIGNER.open(TENANT, "leads", text)
    assert refused.value.status_code == 422


def test_another_tenant_question_or_key_refuses_it() -> None:
    cursor = SIGNER.make(TENANT, "leads|new", ["2026-01-01", "x"])
    for signer, tenant, question in (
        (SIGNER, uuid4(), "leads|new"),
        (SIGNER, TENANT, "leads|won"),
        (CursorSigner(b"x" * 32), TENANT, "leads|new"),
    ):
        with pytest.raises(Problem):
            signer.open(tenant, question, cursor)
