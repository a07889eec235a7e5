"""Encodings and separators are found out, Danish letters survive, and bytes that don't fit are told by their place."""

import gzip
from pathlib import Path

import pytest

from pipelines.importing.encodings import detect_encoding, detect_separator, known_codec
from pipelines.importing.shapes import Options
from pipelines.importing.tables import open_table
from tekup.errors import BadInput

TEXT = "key,name,town\n1,Søren Ågård,Ærø\n2,Åse Æbelø,Ølstykke\n"
ROWS = [("1", "Søren Ågård", "Ærø"), ("2", "Åse Æbelø", "Ølstykke")]


def _read(path: Path, options: Options | None = None) -> list[tuple[object, ...]]:
    table = open_table(path, options)
    return [row for batch in table.batches() for row in batch.frame.drop("line").iter_rows()]


@pytest.mark.parametrize(
    ("codec", "told"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("cp1252", "iso-8859-1"),
        ("iso-8859-1", "iso-8859-1"),
        ("cp850", "cp850"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_danish_letters_are_right_in_every_encoding(tmp_path: Path, codec: str, told: str, packed: bool) -> None:
    path = tmp_path / ("a.csv.gz" if packed else "a.csv")
    raw = TEXT.encode(codec)
    path.write_bytes(gzip.compress(raw) if packed else raw)
    assert detect_encoding(path).name == told
    assert _read(path) == ROWS


def test_signs_that_only_windows_1252_has_tell_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("key;message\n1;“Hej” – det koster €5, Søren\n".encode("cp1252"))
    assert detect_encoding(path).name == "windows-1252"
    assert _read(path) == [("1", "“Hej” – det koster €5, Søren")]


def test_a_letter_far_down_in_the_file_counts(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"key,name\n" + b"1,Hansen\n" * 100_000 + "2,Sørensen\n".encode("cp1252"))
    assert detect_encoding(path).name == "iso-8859-1"
    assert _read(path)[-1] == ("2", "Sørensen")


def test_a_guess_is_called_one_and_what_is_given_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT.encode("cp1252"))
    assert "if letters look wrong" in open_table(path).detected[0]
    assert open_table(path, Options(encoding="windows-1252")).detected[0] == "encoding: windows-1252 (as given)"
    assert _read(path, Options(encoding="windows-1252")) == ROWS


def test_utf_8_with_one_spoilt_byte_is_told_by_line_and_column_and_not_read_as_something_else(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT.encode() + "3,Jørn,Køge\n".encode() + b"4,B\xf8rge,\n")
    with pytest.raises(BadInput, match=r"a.csv, line 5, column 4: bytes that are not utf-8"):
        open_table(path)


def test_bytes_that_are_not_of_the_given_encoding_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT.encode("cp1252"))
    with pytest.raises(BadInput, match=r"a.csv, line 2, column 4: bytes that are not utf-8"):
        open_table(path, Options(encoding="utf-8"))


@pytest.mark.parametrize("name", ["klingon", "rot13", "base64"])
def test_an_encoding_that_is_none_is_told(name: str) -> None:
    with pytest.raises(BadInput, match="there is no encoding"):
        known_codec(name)


def test_a_binary_file_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"GIF89a\x00\x00" + bytes(range(1, 256)) * 4)
    with pytest.raises(BadInput, match="is no text"):
        open_table(path)


def test_a_packed_file_that_is_cut_off_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(TEXT.encode() * 1000)[:-20])
    with pytest.raises(BadInput, match="can't be unpacked"):
        _read(path)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_the_one_that_splits_evenly(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "a.csv"
    records = ['"key, or; so\t|"', "amount", "text"], ["1", '"1,5; 2|3"', "a b"], ["2", '"2,5\tx"', "c"]
    path.write_text("\n".join(separator.join(record) for record in records))
    assert detect_separator(path, "utf-8") == (separator, False)


def test_decimal_commas_do_not_look_like_separators(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("key;amount;share\n1;1,5;0,25\n2;2,5;0,75\n")
    assert detect_separator(path, "utf-8")[0] == ";"


def test_excels_own_line_about_the_separator_is_heeded(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("sep=;\nkey;name\n1;a,b,c\n")
    table = open_table(path)
    assert table.columns == ("key", "name")
    assert [batch.frame["line"].to_list() for batch in table.batches()] == [[3]]


@pytest.mark.parametrize(("given", "sign"), [("semicolon", ";"), ("tab", "\t"), ("\\t", "\t"), ("^", "^")])
def test_a_separator_may_be_given_by_name_or_sign(tmp_path: Path, given: str, sign: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"key{sign}name\n1{sign}a,b\n")
    assert _read(path, Options(separator=given)) == [("1", "a,b")]


def test_a_separator_of_two_characters_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(BadInput, match="is no separator"):
        open_table(path, Options(separator="::"))
