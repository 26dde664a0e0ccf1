from collections.abc import Callable

import pytest

from config.settings import Settings

Read = Callable[..., Settings]
Refused = Callable[..., tuple[str, ...]]


_ONE, _OTHER = "3f2b8a54-6c1d-4e0f-9a77-51d0c2b7e901", "8d1e4c20-0b5a-4f63-8c2e-7a9f3e6d1b02"


@pytest.mark.parametrize(
    ("agents", "agents_read"),
    [(f" {_ONE} ,, {_OTHER}", [_ONE, "", _OTHER]), (",,", ["", "", ""]), ("", ["", "", ""])],
)
def test_each_of_several_telegram_bots_has_its_agent(settings: Read, agents: str, agents_read: list[str]) -> None:
    read = settings(TELEGRAM_BOT_TOKEN="", TELEGRAM_BOT_TOKENS="1:a, 2:b,3:c", TELEGRAM_AGENT_IDS=agents)
    bots = read.telegram.bots
    assert [bot.token.get_secret_value() for bot in bots] == ["1:a", "2:b", "3:c"]
    assert [bot.agent_id for bot in bots] == agents_read
    assert bots[1].token_name == "TELEGRAM_BOT_TOKENS, number 2"
    assert read.telegram.enabled
    assert {"1:a", "2:b", "3:c"} <= set(read.secret_values)


def test_one_telegram_bot_may_have_an_agent_of_its_own(settings: Read) -> None:
    (bot,) = settings(TELEGRAM_BOT_TOKEN="1:a", TELEGRAM_AGENT_IDS=_OTHER).telegram.bots
    assert (bot.token_name, bot.agent_id) == ("TELEGRAM_BOT_TOKEN", _OTHER)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"TELEGRAM_BOT_TOKENS": "1:canary", "TELEGRAM_BOT_TOKEN": "2:canary"}, "together with TELEGRAM_BOT_TOKEN"),
        ({"TELEGRAM_BOT_TOKEN": "", "TELEGRAM_BOT_TOKENS": "1:canary,,2:canary"}, "entry 2"),
        ({"TELEGRAM_BOT_TOKEN": "", "TELEGRAM_BOT_TOKENS": "1:canary,1:canary2"}, "twice"),
        (
            {"TELEGRAM_BOT_TOKEN": "", "TELEGRAM_BOT_TOKENS": "1:canary,2:canary", "TELEGRAM_AGENT_IDS": _ONE},
            "TELEGRAM_AGENT_IDS: has 1 entries, and TELEGRAM_BOT_TOKENS has 2",
        ),
        (
            {"TELEGRAM_BOT_TOKEN": "1:canary", "TELEGRAM_AGENT_IDS": f"{_ONE},{_OTHER}"},
            "TELEGRAM_AGENT_IDS: has 2 entries, and TELEGRAM_BOT_TOKEN has 1",
        ),
    ],
)
def test_telegram_settings_that_do_not_go_together_are_named(
    refused: Refused, given: dict[str, str], said: str
) -> None:
    (line,) = refused(**given)
    assert said in line
    assert "canary" not in line
