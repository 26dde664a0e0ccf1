from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.reading.loading import load_settings
from config.reading.toml_lines import lines_of_keys
from config.settings import SECTIONS, Settings, variable_names

Read = Callable[..., Settings]
Refused = Callable[..., tuple[str, ...]]

EXAMPLE = Path(__file__).parents[3] / "config" / "bridge.example.toml"
SUPPORT = "3f2b8a54-6c1d-4e0f-9a77-51d0c2b7e901"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], str]:
    """Write a configuration file and return its path."""

    def write(text: str) -> str:
        path = tmp_path / "bridge.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_every_setting_has_a_key_of_its_own() -> None:
    keys = [(name, key) for name, section in SECTIONS.items() for key in section.toml_keys()]
    assert len(keys) == len(set(keys)) == len(variable_names())
    assert SECTIONS["bridge"].toml_keys()["port"] == "PORT"
    assert SECTIONS["bridge"].toml_keys()["idle_timeout"] == "BRIDGE_IDLE_TIMEOUT"


def test_settings_of_every_kind_can_stand_in_the_file(settings: Read, write: Callable[[str], str]) -> None:
    path = write(
        "[bridge]\nidle_timeout = 2.5\nmax_turns = 7\nshow_tools = true\nlog_level = 'Debug'\n"
        "allow_mentions = ['U1', '@anna']\n[slack]\nemails = 'off'\nprompts = ['a', 'b']\n"
        "[telegram]\nbot_token = ''\nbot_tokens = ['1:a', '2:b']\n"
        f"agent_ids = ['', '{SUPPORT}']\n[redis]\ntls_verify = false\n"
    )
    read = settings(BRIDGE_CONFIG=path, TELEGRAM_BOT_TOKEN="")
    assert (read.bridge.idle_timeout_s, read.bridge.max_turns, read.bridge.show_tools) == (2.5, 7, True)
    assert (read.bridge.log_level, read.slack.emails, read.slack.prompts) == ("debug", False, ("a", "b"))
    assert read.bridge.allow_mentions.telegram == {"anna"}
    assert [bot.agent_id for bot in read.telegram.bots] == ["", SUPPORT]
    assert read.redis.tls_verify == "false"
    assert read.places["BRIDGE_MAX_TURNS"] == f"{path}:3"
    assert {"1:a", "2:b"} <= set(read.secret_values)


def test_the_environment_and_the_env_file_win_over_the_configuration_file(
    settings: Read, write: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("[bridge]\nmax_turns = 1\nmax_pages = 2\nidle_timeout = 3\n")
    (tmp_path / ".env").write_text(f"BRIDGE_CONFIG={path}\nBRIDGE_MAX_PAGES=20\n")
    monkeypatch.setenv("BRIDGE_MAX_TURNS", "10")
    read = settings()
    assert (read.bridge.max_turns, read.bridge.max_pages, read.bridge.idle_timeout_s) == (10, 20, 3.0)
    assert read.places["BRIDGE_MAX_TURNS"] == "environment"
    assert read.places["BRIDGE_MAX_PAGES"] == ".env:2"
    assert read.places["BRIDGE_IDLE_TIMEOUT"] == f"{path}:4"


def test_a_channel_may_be_set_in_the_file_alone(write: Callable[[str], str]) -> None:
    path = write(
        f"[talkifai]\napi_key = 'k'\nagent_id = '{SUPPORT}'\n[slack]\nbot_token = 'xoxb-1'\napp_token = 'xapp-1'\n"
    )
    assert load_settings(overrides={"BRIDGE_CONFIG": path}).slack.enabled


def test_each_problem_of_the_file_has_its_line_and_a_suggestion(refused: Refused, write: Callable[[str], str]) -> None:
    path = write(
        "[bridge]\nmax_turn = 3\nmax_pages = 0\nconfig = 'other.toml'\n\n[slak]\nx = 1\n\n[telegram]\nbot_token = 12\n"
        "[slack]\nprompts = [\n  'a', 'b',\n  'c', 'd',\n  'e',\n]\nemails = 'canary'\n"
    )
    lines = refused(BRIDGE_CONFIG=path, TELEGRAM_BOT_TOKEN="")
    assert [line.removeprefix(f"{path}:").split(".")[0] for line in lines] == [
        "2: bridge",
        "4: bridge",
        "6: slak: is no section of the bridge",
        "12: SLACK_PROMPTS: has too many entries",
        "17: SLACK_EMAILS: is not an allowed value",
        "10: TELEGRAM_BOT_TOKEN: is not text",
        "3: BRIDGE_MAX_PAGES: is out of range",
    ]
    assert lines[0].endswith("bridge.max_turn: is no setting of the bridge. Did you mean max_turns?")
    assert lines[2].endswith("Did you mean slack?")
    assert "canary" not in "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[bridge\n", "is not valid TOML: "),
        ("bridge = 1\n", ":1: bridge: is not a table. "),
        ("agents = 1\n", ":1: agents: is not a table. "),
        ("[routes]\nagent = 'x'\n", ":1: routes: is not a list of routes. "),
        ("[agents]\nsupport = 7\n", ":2: agents.support: is not a UUID. "),
    ],
)
def test_a_file_of_another_shape_is_refused(
    refused: Refused, write: Callable[[str], str], text: str, said: str
) -> None:
    (line,) = refused(BRIDGE_CONFIG=write(text))
    assert said in line


def test_a_file_that_is_not_there_is_named(refused: Refused) -> None:
    (line,) = refused(BRIDGE_CONFIG="/nowhere/bridge.toml")
    assert line.startswith("/nowhere/bridge.toml: cannot be read (No such file or directory). ")


def test_the_example_can_be_used_as_it_is_and_with_every_line_switched_on(
    settings: Read, write: Callable[[str], str]
) -> None:
    assert settings(BRIDGE_CONFIG=str(EXAMPLE)).routes == ()
    text = EXAMPLE.read_text(encoding="utf-8")
    lines = [line[1:] if line.startswith("#") and line[1:2] not in {" ", ""} else line for line in text.splitlines()]
    read = settings(BRIDGE_CONFIG=write("\n".join(lines)))
    assert [route.agent for route in read.routes] == ["00000000-0000-0000-0000-000000000000"] * 2
    assert read.bridge.idle_timeout_s == settings().bridge.idle_timeout_s


def test_routes_are_read_with_their_agents(settings: Read, write: Callable[[str], str]) -> None:
    read = settings(
        BRIDGE_CONFIG=write(
            f"[agents]\nsupport = '{SUPPORT}'\n"
            "[[routes]]\nchannel = 'telegram'\nplace = -100123\nagent = 'support'\nidle_timeout = 120\n"
            f"[[routes]]\nchannel = 'terminal'\nagent = '{SUPPORT}'\n"
            "[[routes]]\ncommand = '/Sales'\nstreaming = 'Status'\ngreeting = ''\n"
            "[routes.access]\ndenied_users = [5, 'U1']\nallowed_email_domains = ['Example.com']\n"
        )
    )
    place, terminal, command = read.routes
    assert read.agents == {"support": UUID(SUPPORT)}
    assert (place.place, place.agent, place.idle_timeout, place.streaming) == ("-100123", SUPPORT, 120.0, None)
    assert terminal.agent == SUPPORT
    assert (command.command, command.streaming, command.greeting, command.agent) == ("sales", "status", "", None)
    assert command.access is not None
    assert command.access.denied_users == ("5", "U1")
    assert command.access.allowed_email_domains == ("example.com",)


@pytest.mark.parametrize(
    ("route", "said"),
    [
        ("chanel = 'slack'", "2: routes[1].chanel: is no key of a route. Did you mean channel?"),
        ("channel = 'slak'", "2: routes[1].channel: is not a channel. Use slack, telegram, terminal."),
        ("topic = 3", "2: routes[1].topic: needs a place. "),
        ("greeting = 'Hi'", "1: routes[1]: holds nowhere. "),
        (
            "place = 'C1'\nagent = 'suport'",
            "3: routes[1].agent: is neither a name of [agents] nor ",
        ),
        (
            "place = 'C1'\nidle_timeout = 1800",
            "3: routes[1].idle_timeout: is out of range. ",
        ),
        ("command = 'new'", "2: routes[1].command: is a command of the bridge itself. "),
        ("command = 'a b'", "2: routes[1].command: is not a command. "),
        ("place = ''", "2: routes[1].place: is empty. "),
        ("place = 'C1'\naccess = 1", "3: routes[1].access: is not a table. "),
        ("place = 'C1'\n[routes.budgets]\nperson_live_turn = 1", "4: routes[1].budgets.person_live_turn: is no key"),
        ("place = 'C1'\n[routes.budgets]\nperson_live_turns = 0", "4: routes[1].budgets.person_live_turns: is out of"),
        ("place = 'C1'\nprompts = ['a', 2]", "3: routes[1].prompts: entry 2 is not text. "),
        ("place = 'C1'\n[[routes]]\nplace = 'C1'", "3: routes[2]: has the same conditions as the route at "),
    ],
)
def test_a_wrong_route_is_one_line_that_says_where_and_what(
    refused: Refused, write: Callable[[str], str], route: str, said: str
) -> None:
    path = write(f"[[routes]]\n{route}\n")
    (line,) = refused(BRIDGE_CONFIG=path)
    assert line.startswith(f"{path}:{said}")


_values = st.sampled_from(
    ["1", "'x'", '"""\n[a]\nb = 1\n"""', "[\n  1, # ]\n  2,\n]", "{ x = 1, y.z = 2 }", "'''\n#'''"]
)


@given(st.lists(st.tuples(st.sampled_from(["", "# b = 1", "  "]), _values), max_size=8))
def test_the_line_of_every_key_is_found_whatever_stands_between(entries: list[tuple[str, str]]) -> None:
    text, expected = "[[t]]\n", {}
    for number, (between, value) in enumerate(entries):
        text += f"{between}\n"
        expected["t", 0, f"k{number}"] = text.count("\n") + 1
        text += f"k{number} = {value}\n"
    found = lines_of_keys(text)
    assert {path: line for path, line in found.items() if path in expected} == expected
