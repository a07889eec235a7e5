"""The page about importing names every field, part of a map and option that there is."""

import re
from dataclasses import fields

from pipelines.commands.import_file import import_file
from pipelines.importing.entities import CHANNELS, ENTITIES
from pipelines.importing.mapping import Map
from tests.paths import ROOT

PAGE = (ROOT / "docs" / "import.md").read_text()


def test_every_field_stands_in_its_entitys_row_and_required_ones_come_first() -> None:
    for entity in ENTITIES.values():
        row = re.search(rf"^\| {entity.name} \| (.*) \| (.*) \|$", PAGE, re.MULTILINE)
        assert row is not None, entity.name
        required, others = (set(re.findall(r"`(\w+)`", part)) for part in row.groups())
        assert required == {field.name for field in entity.fields if field.is_required}
        assert others == {field.name for field in entity.fields if not field.is_required}


def test_every_part_of_a_map_and_every_option_is_told_of() -> None:
    assert [part.name for part in fields(Map) if f"| `{part.name}` |" not in PAGE] == []
    options = [option for parameter in import_file.params for option in parameter.opts if option.startswith("--")]
    assert options
    assert [option for option in options if option not in PAGE] == []


def test_every_channel_is_told_of() -> None:
    assert [channel for channel in CHANNELS if channel not in PAGE] == []
