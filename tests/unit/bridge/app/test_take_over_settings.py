"""From the settings to how people take threads over."""

import pytest

from bridge.app.bootstrap import take_overs_of
from bridge.domain.take_overs import MayTakeOver, TakeOverOptions
from config.reading.loading import load_settings


@pytest.mark.parametrize(
    ("human", "options"),
    [
        ("control", TakeOverOptions(MayTakeOver.CONTROL, frozenset({"ask_a_person"}), button=True)),
        ("off", TakeOverOptions(MayTakeOver.OFF)),
    ],
)
def test_switched_off_neither_the_agent_nor_a_button_gives_a_thread_away(human: str, options: TakeOverOptions) -> None:
    """M7: no person could give it back before its time is over."""
    given = {"TALKIFAI_API_KEY": "k", "TALKIFAI_AGENT_ID": "8d8ac610-566d-4ef0-9c22-186b2a5ed793"}
    wanted = {"BRIDGE_HUMAN": human, "BRIDGE_HUMAN_BUTTON": "on", "BRIDGE_HUMAN_TOOLS": "Ask_a_person"}
    settings = load_settings(env_file=None, need_channel=False, overrides={**given, **wanted})
    assert take_overs_of(settings) == options
