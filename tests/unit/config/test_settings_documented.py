"""The documentation, the example file and the Heroku button know exactly the settings that the code reads."""

import json
import re
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import pytest

from config.bridge import default_data_dir
from config.settings import SECTIONS, variable_names
from config.values.mentions import Mentions

EMPTY: tuple[Any, ...] = (None, (), {}, frozenset(), Mentions())
ROOT = Path(__file__).parents[3]
_ROW = re.compile(r"^\| `([A-Z0-9_]+)` \| ([^|]*)\|", re.MULTILINE)


def documented() -> dict[str, str]:
    """Return each variable of the table with its default as written there."""
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    return {name: default.strip().strip("`") for name, default in _ROW.findall(text)}


def default_of(field: Field[Any]) -> str:
    if isinstance(field.default, bool):
        return "on" if field.default else "off"
    if field.default_factory is default_data_dir:
        return "the user's state folder"
    if field.default is MISSING or field.default in EMPTY:
        assert field.default_factory is MISSING or field.default_factory() in EMPTY
        return ""
    return f"{field.default:g}" if isinstance(field.default, float) else str(field.default)


def test_the_table_has_every_setting_and_no_other() -> None:
    assert list(documented()) == list(variable_names())


FIELDS = [(section.variables()[field.name], field) for section in SECTIONS.values() for field in fields(section)]


@pytest.mark.parametrize(("name", "field"), FIELDS, ids=[name for name, _ in FIELDS])
def test_a_documented_default_is_the_real_one(name: str, field: Field[Any]) -> None:
    assert documented()[name] == default_of(field)


def test_the_example_file_has_every_setting_once_with_its_default() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    lines = re.findall(r"^#?([A-Z0-9_]+)=(.*)$", text, re.MULTILINE)
    assert sorted(name for name, _ in lines) == sorted(variable_names())
    for name, value in lines:
        default = documented()[name]
        assert value == ("" if name == "BRIDGE_DATA_DIR" else default), name


def test_the_heroku_button_asks_for_settings_that_exist() -> None:
    app = json.loads((ROOT / "app.json").read_text(encoding="utf-8"))
    assert set(app["env"]) <= set(variable_names())
    for name, asked in app["env"].items():
        assert asked.get("value", "") == documented()[name]
    assert app["addons"] == [{"plan": "heroku-redis:premium-0"}]
    assert app["formation"]["worker"]["quantity"] == 1
    assert "\nworker:" in "\n" + (ROOT / "Procfile").read_text(encoding="utf-8")
