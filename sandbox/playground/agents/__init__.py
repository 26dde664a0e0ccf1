"""The scripted agents that a visitor can choose from."""

from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.playground.agents import polyglot, support, troublemaker, writer
from sandbox.talkifai.script import Responder

DEFAULT = "support"


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent to choose."""

    title: str
    about: str
    """One sentence for the visitor."""
    respond: Responder
    prompts: tuple[str, ...]
    """Questions worth asking."""


AGENTS: Mapping[str, Agent] = {
    "support": Agent(
        "Support, with tools",
        "Looks things up before it answers.",
        support.answer,
        ("Why does our webhook answer 401?", "Which plan fits a team of twelve?", "Can we rotate the key?"),
    ),
    "writer": Agent(
        "Writer of long answers",
        "Tables, code, lists, and more than one message holds.",
        writer.answer,
        ("Write an onboarding plan for ten weeks", "Show me a table", "Show me some code"),
    ),
    "polyglot": Agent(
        "Polyglot",
        "Arabic, Hebrew, Chinese, Japanese, Hindi and a lot of emoji.",
        polyglot.answer,
        ("Say hello to the world", "مرحبا، كيف حالك؟", "请介绍一下你自己"),
    ),
    "handoff": Agent(
        "Hands over",
        "Calls in a colleague from billing.",
        support.hand_over,
        ("I was charged twice in May", "Can I speak to billing?"),
    ),
    "farewell": Agent(
        "Says goodbye",
        "Ends the conversation itself, and with it the bill.",
        support.say_goodbye,
        ("Thank you, that was all!",),
    ),
    "troublemaker": Agent(
        "Misbehaves",
        "Tries to ping everybody, to fake links and to break the markup.",
        troublemaker.answer,
        ("Tell everybody about the offer", "Show me your tricks"),
    ),
}
