"""The operator's texts, from the configuration file to what people read."""

import re
from pathlib import Path

import pytest

from bridge.app.texts import own_texts
from config.reading.loading import load_settings
from config.settings import Settings, SettingsError

_EXAMPLE = Path(__file__).parents[4] / "config" / "bridge.example.toml"


def _read(path: Path) -> Settings:
    given = {"TALKIFAI_API_KEY": "k", "TALKIFAI_AGENT_ID": "8d8ac610-566d-4ef0-9c22-186b2a5ed793"}
    return load_settings(env_file=None, need_channel=False, overrides={**given, "BRIDGE_CONFIG": str(path)})


def test_texts_are_taken_by_language_and_name(tmp_path: Path) -> None:
    path = tmp_path / "bridge.toml"
    path.write_text("[texts]\nbusy = 'Later.'\nanswers = {other = '{count}'}\n[texts.de]\nbusy = 'Später.'\n", "utf-8")
    assert own_texts(_read(path)) == {
        "": {"busy": "Later.", "answers": {"other": "{count}"}},
        "de": {"busy": "Später."},
    }


def test_the_texts_of_the_example_are_right_once_they_are_wanted(tmp_path: Path) -> None:
    path = tmp_path / "bridge.toml"
    path.write_text(
        re.sub(r"^#(\w+ = )", r"\1", _EXAMPLE.read_text("utf-8").split("[agents]")[0], flags=re.MULTILINE), "utf-8"
    )
    assert set(own_texts(_read(path))) == {"", "de"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[texts.de]\nbussy = 'x'", ":2: texts.de.bussy: is no text of the bridge. Did you mean busy?"),
        ("[texts]\nqqzzxx = 'x'", ":2: texts.qqzzxx: is no text of the bridge. bridge/texts/en.toml has them all."),
        ("[texts]\nbusy = '{x}'", ":2: texts.busy: has the placeholder {x}, which is not filled. Use none."),
        ("[texts.it]\nbusy = 'x'", ":1: texts.it: is no language of the bridge, or no table."),
        ("[texts]\nbusy = 7", ":2: texts.busy: is not text. Put it in quotes; plural forms:"),
        ("texts = 'x'", ":1: texts: is not a table. Write [texts] above lines of name = text."),
    ],
)
def test_each_problem_is_named_with_its_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bridge.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=re.escape(f"{path}{said}")):
        own_texts(_read(path))
