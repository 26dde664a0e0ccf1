"""Which outputs are kept: the commands in their order, and what they find."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.talkifai.agents import QUIET_AGENT_ID, VOICE_AGENT_ID

SNAPSHOTS = Path(__file__).parent / "snapshots"
PROMPT = "$ talkifai-bridge "

PIPE = 0
"""The output goes to a file or another program, not to a terminal."""


@dataclass(frozen=True, slots=True)
class Case:
    """One file: commands that run one after another on the same known state."""

    name: str
    commands: tuple[str, ...]
    columns: int = PIPE
    """The width of the terminal."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Beside those that lead to the stand-ins; an empty one takes a setting away."""
    typed: tuple[str, ...] = ()
    """The lines that it reads; `{NAME}` stands for the value of a setting."""

    @property
    def file(self) -> Path:
        """Where the output is kept."""
        return SNAPSHOTS / f"{self.name}.txt"


_HELP = (
    *("", "run", "web", "check", "init", "config", "sessions", "sessions end", "usage"),
    *("dead", "dead list", "dead show", "dead retry", "dead drop", "forget", "chat", "version"),
)
_PRICE = {"BRIDGE_PRICE_PER_MESSAGE": "0.001"}
_CONFIG = {
    "REDIS_URL": "rediss://:canary@redis.example.com:6380/0",
    "TALKIFAI_BASE_URL": "",
    "SLACK_API_URL": "",
    "TELEGRAM_API_URL": "",
    "BRIDGE_KEY_PREFIX": "",
    "BRIDGE_CONFIG": "bridge.toml",
    "BRIDGE_DATA_DIR": "/var/lib/talkifai-bridge",
    "BRIDGE_SHOW_TOLS": "on",
}
_WRONG = {
    "TALKIFAI_AGENT_ID": VOICE_AGENT_ID,
    "TELEGRAM_AGENT_IDS": QUIET_AGENT_ID,
    "SLACK_APP_TOKEN": "xapp-1-A0OTHER-1-canary",
    "TELEGRAM_BOT_TOKEN": "999:canary",
    "REDIS_URL": "redis://127.0.0.1:1/0",
}
_NOTHING = dict.fromkeys(
    (
        *("TALKIFAI_API_KEY", "TALKIFAI_AGENT_ID", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "TELEGRAM_BOT_TOKEN"),
        *("REDIS_URL", "BRIDGE_KEY_PREFIX"),
    ),
    "",
)
_TYPED = (
    *("tk_live_canary", "{TALKIFAI_API_KEY}", "{TALKIFAI_AGENT_ID}"),
    *("{SLACK_BOT_TOKEN}", "{SLACK_APP_TOKEN}"),
    "{TELEGRAM_BOT_TOKEN}",
)
_AT_80 = ("sessions", "usage --by place", "dead list", "sessions end --idle 9m")

CASES = (
    Case("help", (*(f"{command} --help".strip() for command in _HELP), "version", "--version")),
    Case("sessions", ("sessions", "sessions --json", "sessions end --idle 5m", "sessions end --all", "sessions")),
    Case(
        "usage",
        ("usage", "usage --since 3d --by person", "usage --by channel --csv", "usage --by agent --json"),
        settings=_PRICE,
    ),
    Case("usage-without-price", ("usage --since 2d --by agent", "usage --since 1m")),
    Case(
        "dead",
        ("dead list", "dead show e12d8bbb", "dead retry e12d8bbb", "dead drop 12808db1 9999ffff", "dead list"),
    ),
    Case("config", ("config --set",), settings=_CONFIG),
    Case("config-json", ("config --set --json",), settings=_CONFIG),
    Case("check", ("check", "check --offline")),
    Case("check-json", ("check --json",)),
    Case("check-120", ("check",), columns=120, settings=_WRONG),
    Case("init", ("init", "init"), settings=_NOTHING, typed=_TYPED),
    Case("forget", ("forget slack:U0ADA", "forget telegram:5001", "forget ada@example.com")),
    Case("terminal-80", _AT_80, columns=80, settings=_PRICE),
    Case("terminal-120", _AT_80, columns=120, settings=_PRICE),
    Case("config-80", ("config --set",), columns=80, settings=_CONFIG),
    Case("check-80", ("check",), columns=80, settings=_WRONG),
)
