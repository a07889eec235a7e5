"""Which passwords may be chosen, and how they are compared."""

import hashlib
from pathlib import Path

import argon2
import pytest

from tekup.db import Database, Doors, Role
from tekup.directory.passwords import check_new_password, hash_password, needs_rehash, password_matches
from tekup.directory.users import check_password, create_user
from tekup.errors import BadInput
from tests.fixtures.database import TwoTenants

GOOD = "seven paper lanterns"


@pytest.mark.parametrize("password", ["seven paper", "x" * 11, ""])
def test_a_short_one_is_refused(password: str) -> None:
    with pytest.raises(BadInput, match="fewer than 12"):
        check_new_password(password)


@pytest.mark.parametrize("password", ["1qaz2wsx3edc", "QWERTY123456", "123456789987654321"])
def test_a_common_one_is_refused_whatever_its_case(password: str) -> None:
    with pytest.raises(BadInput, match="breaches"):
        check_new_password(password)


@pytest.mark.parametrize("password", ["aaaaaaaaaaaaaaaaaaaaaaa1", "annaannaanna", "abcabcabcabcabcabc"])
def test_an_easily_guessed_one_is_refused(password: str) -> None:
    with pytest.raises(BadInput, match="easily guessed"):
        check_new_password(password)


@pytest.mark.parametrize(
    "password", ["TekUp-Alfa-2026!", "alfa.example12", "karen.jensen99", "Velkommen2026", "MitKodeord1234"]
)
def test_one_of_names_that_everybody_knows_is_refused(password: str) -> None:
    with pytest.raises(BadInput, match=r"names that belong|breaches|easily guessed"):
        check_new_password(password, ("Alfa ApS", "alfa.example", "Karen Jensen", "karen.jensen@alfa.example"))


@pytest.mark.parametrize(
    "password",
    [GOOD, "kartoffelmos med sky", "       æøå 漢字 🦊🦊 ok", "hjq kwz pvx bnm", "correct horse battery " * 10],
)
def test_one_of_any_characters_and_length_is_taken(password: str) -> None:
    check_new_password(password, ("Alfa ApS",))


def test_a_file_of_breached_ones_is_asked(tmp_path: Path) -> None:
    breached = [GOOD, "another lantern of paper", *(f"filler {number}" for number in range(500))]
    lines = sorted(hashlib.sha1(one.encode(), usedforsecurity=False).hexdigest().upper() for one in breached)
    file = tmp_path / "pwned.txt"
    file.write_text("".join(f"{line}:{number}\n" for number, line in enumerate(lines)))
    for one in (GOOD, "another lantern of paper"):
        with pytest.raises(BadInput, match="breaches"):
            check_new_password(one, breached=file)
    check_new_password("a third kind of lantern", breached=file)


def test_it_is_compared_as_it_is_to_the_last_character() -> None:
    long = "correct horse battery staple " * 30
    stored = hash_password(long)
    assert password_matches(stored, long)
    for other in (long[:-1], long + " ", long.upper(), long.strip()):
        assert not password_matches(stored, other)


def test_it_is_stored_as_argon2id_with_a_salt_of_its_own() -> None:
    first, second = hash_password(GOOD), hash_password(GOOD)
    assert first != second
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_hash_of_older_parameters_is_renewed_at_sign_in(doors: Doors, two_tenants: TwoTenants) -> None:
    user_id = create_user(doors, two_tenants.a.id, "old.hash@example.dk", GOOD)
    weak = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(GOOD)
    assert needs_rehash(weak)
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, two_tenants.a.id) as connection:
        connection.execute("update app.users set password_hash = %s where id = %s", (weak, user_id))
    assert [found.user_id for found in check_password(doors, "old.hash@example.dk", GOOD)] == [user_id]
    with doors.tenant_transaction(Database.OPERATIONAL, Role.APP, two_tenants.a.id) as connection:
        row = connection.execute("select password_hash from app.users where id = %s", (user_id,)).fetchone()
        connection.execute("delete from app.users where id = %s", (user_id,))
    assert row is not None
    assert not needs_rehash(row[0])
    assert password_matches(row[0], GOOD)


def test_no_hash_costs_as_much_as_one_and_never_matches() -> None:
    assert not password_matches(None, "no such user")
    assert not password_matches("not a hash", GOOD)
