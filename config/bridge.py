"""The section of the bridge itself: how it behaves in every channel, and where it runs."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from annotated_types import Interval

from config.values.checks import After, Example, Made
from config.values.ids import EmailDomains
from config.values.kinds import AbsolutePath, FernetKeys, any_case, entries, from_entries, matches
from config.values.mentions import Mentions, mentions
from config.values.section import Section

_key_prefix = matches(
    r"[A-Za-z0-9._:-]{1,64}", "cannot begin a Redis key. Use up to 64 letters, digits and the signs . _ : -"
)
_alert_place = matches(
    r"[a-z]+:(?:[A-Za-z0-9]+/)?-?[A-Za-z0-9]+",
    "is no place for alerts. Use slack:C0123ABCD or telegram:-100123.",
)

_file_types = matches(
    r"\.?[A-Za-z0-9]{1,10}(?: *, *\.?[A-Za-z0-9]{1,10})*", "is no list of file types. Use endings such as txt,md,csv."
)


def _host(text: str) -> str:
    if text != "localhost":
        try:
            ip_address(text)
        except ValueError:
            raise ValueError("is not an IP address. Use 127.0.0.1 behind a proxy on this machine.") from None
    return text


def default_data_dir() -> Path:
    """Return the folder for the embedded server's data: in the user's state folder, as the platform has it.

    Linux: the XDG Base Directory Specification, which says to ignore a relative `XDG_STATE_HOME`.
    """
    try:
        home = Path.home()
    except RuntimeError:  # a container's user without an entry in the user database
        home = Path.cwd()
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "talkifai-bridge"
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    return (state if state.is_absolute() else home / ".local" / "state") / "talkifai-bridge"


LANGUAGES = ("en", "de", "es", "fr", "pt")
"""In which the bridge speaks to people."""


@dataclass(frozen=True, kw_only=True)
class BridgeSettings(Section):
    """`BRIDGE_…`, and `PORT`, which platforms set."""

    prefix: ClassVar[str] = "BRIDGE_"
    names: ClassVar[Mapping[str, str]] = {"port": "PORT", "idle_timeout_s": "BRIDGE_IDLE_TIMEOUT"}

    config: AbsolutePath | None = None
    """The configuration file."""
    port: Annotated[int, Interval(ge=1, le=65535)] = 8080
    """Where the web server listens."""
    host: Annotated[str, After(_host)] = "0.0.0.0"  # noqa: S104 - platforms call from outside
    """At which of this machine's addresses the web server listens."""
    metrics_port: Annotated[int | None, Interval(ge=1, le=65535), Example(9090)] = None
    """Where `run` serves health and metrics; None: nowhere."""
    metrics_host: str = "127.0.0.1"
    """The address that `BRIDGE_METRICS_PORT` is opened at."""
    price_per_message: Annotated[float | None, Interval(ge=0, le=1000), Example(0.001)] = None
    """What one answer costs, for `usage`."""
    price_per_1000_tokens: Annotated[float | None, Interval(ge=0, le=1000), Example(0.002)] = None
    alerts: Annotated[tuple[Annotated[str, After(_alert_place)], ...], entries(",")] = ()
    """Where the bridge posts what operators must fix."""
    data_dir: AbsolutePath = field(default_factory=default_data_dir)
    """The folder of the embedded server's data."""
    secret_key: FernetKeys = ()
    """Encrypts session tokens, workspaces' tokens and questions in Redis; empty: they are not encrypted."""
    idle_timeout_s: Annotated[float, Interval(gt=0, lt=1800)] = 600.0
    """TalkifAI ends a conversation itself after 1,800 s."""
    idle_line: bool = False
    """Whether a thread that falls idle gets one line that says so."""
    max_turns: Annotated[int, Interval(ge=1, le=5000)] = 500
    """How many turns one worker has live at a time."""
    drain_s: Annotated[float, Interval(ge=0, le=3600)] = 22.0
    """How long running replies may go on once a stop was asked for."""
    language: Annotated[Literal["en", "de", "es", "fr", "pt"], any_case] = "en"
    """Spoken to people of whom the channel tells no language, or another one."""
    memory: Annotated[Literal["direct", "everywhere", "off"], any_case] = "direct"
    """Where the agent may remember a person."""
    busy: Annotated[Literal["queue", "interrupt"], any_case] = "queue"
    """What becomes of a question that comes while another one is answered."""
    carry_over: bool = True
    """Whether a thread goes on with what was said after its conversation was ended."""
    carry_over_turns: Annotated[int, Interval(ge=1, le=20)] = 6
    carry_over_hours: Annotated[float, Interval(gt=0, le=720)] = 72.0
    compact: bool = False
    """Whether a long conversation goes on in a fresh one, from the agent's own summary."""
    human: Annotated[Literal["control", "anyone", "off"], any_case] = "control"
    """Who may take a thread over."""
    human_button: bool = False
    """Whether replies have a button for it."""
    human_tools: Annotated[tuple[str, ...], entries(",")] = ()
    """Names of tools and agents by which the agent asks for a person."""
    human_hours: Annotated[float, Interval(gt=0, le=720)] = 24.0
    """After so long without a message the agent gets the thread back."""
    allowed_email_domains: EmailDomains = frozenset()
    """Whose addresses count, and who may ask; empty: every domain."""
    denied_email_domains: EmailDomains = frozenset()
    person_live_turns: Annotated[int, Interval(ge=0, le=10_000)] = 3
    """Answers to one person at a time; 0: no limit. So the next two."""
    person_questions_per_hour: Annotated[int, Interval(ge=0, le=1_000_000)] = 60
    person_open_sessions: Annotated[int, Interval(ge=0, le=10_000)] = 5
    budget_person_messages: Annotated[int | None, Interval(ge=1, le=10**12), Example(1000)] = None
    """Questions, or tokens, a day: of each person, in each place, and in all. None: no limit."""
    budget_person_tokens: Annotated[int | None, Interval(ge=1, le=10**12), Example(1000)] = None
    budget_place_messages: Annotated[int | None, Interval(ge=1, le=10**12), Example(1000)] = None
    budget_place_tokens: Annotated[int | None, Interval(ge=1, le=10**12), Example(1000)] = None
    budget_total_messages: Annotated[int | None, Interval(ge=1, le=10**12), Example(1000)] = None
    budget_total_tokens: Annotated[int | None, Interval(ge=1, le=10**12), Example(1000)] = None
    show_tools: bool = False
    """Whether a finished reply names the tools that were used."""
    allow_mentions: Annotated[Mentions, Made(Mentions), from_entries(mentions)] = field(default_factory=Mentions)
    """Whom the agent may mention."""
    max_pages: Annotated[int, Interval(ge=1, le=100)] = 20
    """How many messages one reply fills at most."""
    file_from: Annotated[int | None, Interval(ge=1, le=100), Example(3)] = None
    """Over how many messages a reply goes up as a file; None: never."""
    read_files: bool = False
    """Whether text files that come with a question are read."""
    read_file_types: Annotated[str, After(_file_types)] = "txt,md,csv,json,log"
    """What the names of such files end with."""
    read_file_kb: Annotated[int, Interval(ge=1, le=20_000)] = 512
    """The largest that is read, in kilobytes of 1,000 bytes."""
    ledger_days: Annotated[int, Interval(ge=1, le=36_500)] = 365
    """How long a line of the ledger is kept, at most."""
    ratings_days: Annotated[int, Interval(ge=1, le=36_500)] = 365
    dead_letters_days: Annotated[int, Interval(ge=1, le=36_500)] = 30
    ledger_lines: Annotated[int, Interval(ge=100, le=1_000_000)] = 5000
    """How many lines the ledger keeps, and as many the ratings; about 250 bytes each."""
    key_prefix: Annotated[str, After(_key_prefix)] = "talkifai-bridge"
    """What every Redis key begins with. Braces and wildcards mean something to Redis."""
    log_level: Annotated[Literal["debug", "info", "warning", "error"], any_case] = "info"
    log_content: bool = False
    """Whether lines of the level `debug` show what people asked."""
    log_format: Annotated[Literal["console", "json"], any_case] = "console"
