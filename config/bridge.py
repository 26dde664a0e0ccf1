"""The section of the bridge itself: how it behaves in every channel, and where it runs."""

import os
import sys
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field, InstanceOf

from config.values.ids import EmailDomains
from config.values.kinds import AbsolutePath, FernetKeys, any_case, entries, from_entries, matches
from config.values.mentions import Mentions, mentions
from config.values.section import Section, variables

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


class BridgeSettings(Section):
    """`BRIDGE_…`, and `PORT`, which platforms set."""

    prefix: ClassVar[str] = "BRIDGE_"
    model_config = ConfigDict(alias_generator=variables(prefix))

    config: AbsolutePath | None = None
    """The configuration file."""
    port: int = Field(8080, ge=1, le=65535, alias="PORT")
    """Where the web server listens."""
    host: Annotated[str, AfterValidator(_host)] = "0.0.0.0"  # noqa: S104 - platforms call from outside
    """At which of this machine's addresses the web server listens."""
    metrics_port: int | None = Field(None, ge=1, le=65535, examples=[9090])
    """Where `run` serves health and metrics; None: nowhere."""
    metrics_host: str = "127.0.0.1"
    """The address that `BRIDGE_METRICS_PORT` is opened at."""
    price_per_message: float | None = Field(None, ge=0, le=1000, examples=[0.001])
    """What one answer costs, for `usage`."""
    price_per_1000_tokens: float | None = Field(None, ge=0, le=1000, examples=[0.002])
    alerts: Annotated[tuple[Annotated[str, AfterValidator(_alert_place)], ...], entries(",")] = ()
    """Where the bridge posts what operators must fix."""
    data_dir: AbsolutePath = Field(default_factory=default_data_dir)
    """The folder of the embedded server's data."""
    secret_key: FernetKeys = ()
    """Encrypts session tokens, workspaces' tokens and questions in Redis; empty: they are not encrypted."""
    idle_timeout_s: float = Field(600.0, gt=0, lt=1800, alias="BRIDGE_IDLE_TIMEOUT")
    """TalkifAI ends a conversation itself after 1,800 s."""
    idle_line: bool = False
    """Whether a thread that falls idle gets one line that says so."""
    max_turns: int = Field(500, ge=1, le=5000)
    """How many turns one worker has live at a time."""
    drain_s: float = Field(22.0, ge=0, le=3600)
    """How long running replies may go on once a stop was asked for."""
    language: Annotated[Literal["en", "de", "es", "fr", "pt"], any_case] = "en"
    """Spoken to people of whom the channel tells no language, or another one."""
    memory: Annotated[Literal["direct", "everywhere", "off"], any_case] = "direct"
    """Where the agent may remember a person."""
    busy: Annotated[Literal["queue", "interrupt"], any_case] = "queue"
    """What becomes of a question that comes while another one is answered."""
    carry_over: bool = True
    """Whether a thread goes on with what was said after its conversation was ended."""
    carry_over_turns: int = Field(6, ge=1, le=20)
    carry_over_hours: float = Field(72.0, gt=0, le=720)
    compact: bool = False
    """Whether a long conversation goes on in a fresh one, from the agent's own summary."""
    human: Annotated[Literal["control", "anyone", "off"], any_case] = "control"
    """Who may take a thread over."""
    human_button: bool = False
    """Whether replies have a button for it."""
    human_tools: Annotated[tuple[str, ...], entries(",")] = ()
    """Names of tools and agents by which the agent asks for a person."""
    human_hours: float = Field(24.0, gt=0, le=720)
    """After so long without a message the agent gets the thread back."""
    allowed_email_domains: EmailDomains = frozenset()
    """Whose addresses count, and who may ask; empty: every domain."""
    denied_email_domains: EmailDomains = frozenset()
    person_live_turns: int = Field(3, ge=0, le=10_000)
    """Answers to one person at a time; 0: no limit. So the next two."""
    person_questions_per_hour: int = Field(60, ge=0, le=1_000_000)
    person_open_sessions: int = Field(5, ge=0, le=10_000)
    budget_person_messages: int | None = Field(None, ge=1, le=10**12, examples=[1000])
    """Questions, or tokens, a day: of each person, in each place, and in all. None: no limit."""
    budget_person_tokens: int | None = Field(None, ge=1, le=10**12, examples=[1000])
    budget_place_messages: int | None = Field(None, ge=1, le=10**12, examples=[1000])
    budget_place_tokens: int | None = Field(None, ge=1, le=10**12, examples=[1000])
    budget_total_messages: int | None = Field(None, ge=1, le=10**12, examples=[1000])
    budget_total_tokens: int | None = Field(None, ge=1, le=10**12, examples=[1000])
    show_tools: bool = False
    """Whether a finished reply names the tools that were used."""
    allow_mentions: Annotated[InstanceOf[Mentions], from_entries(mentions)] = Mentions()
    """Whom the agent may mention."""
    max_pages: int = Field(20, ge=1, le=100)
    """How many messages one reply fills at most."""
    file_from: int | None = Field(None, ge=1, le=100, examples=[3])
    """Over how many messages a reply goes up as a file; None: never."""
    read_files: bool = False
    """Whether text files that come with a question are read."""
    read_file_types: Annotated[str, AfterValidator(_file_types)] = "txt,md,csv,json,log"
    """What the names of such files end with."""
    read_file_kb: int = Field(512, ge=1, le=20_000)
    """The largest that is read, in kilobytes of 1,000 bytes."""
    ledger_days: int = Field(365, ge=1, le=36_500)
    """How long a line of the ledger is kept, at most."""
    ratings_days: int = Field(365, ge=1, le=36_500)
    dead_letters_days: int = Field(30, ge=1, le=36_500)
    ledger_lines: int = Field(5000, ge=100, le=1_000_000)
    """How many lines the ledger keeps, and as many the ratings; about 250 bytes each."""
    key_prefix: Annotated[str, AfterValidator(_key_prefix)] = "talkifai-bridge"
    """What every Redis key begins with. Braces and wildcards mean something to Redis."""
    log_level: Annotated[Literal["debug", "info", "warning", "error"], any_case] = "info"
    log_content: bool = False
    """Whether lines of the level `debug` show what people asked."""
    log_format: Annotated[Literal["console", "json"], any_case] = "console"
