"""What people ask and what the agent answers. The texts are made to be hard: tables, code, links, would-be pings."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.demo.onboarding import onboarding_plan
from sandbox.talkifai.script import Answer, Handoff, Pause, Responder, Say, Tool, answer_by_words


@dataclass(frozen=True, slots=True)
class Line:
    """One question and its answer."""

    person: str
    question: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Part:
    """One conversation: who writes where, and when it begins."""

    thread: str
    """A name out of `people.py`."""
    begins_after_s: float
    lines: tuple[Line, ...]


THINK_S = 1.8
"""How long a person reads before a follow-up; times the pace."""

_WEBHOOK = """Found it. Since **09:12** every delivery to `hooks/orders` is answered with `401`:

| time | status | reason |
| --- | ---: | --- |
| 09:12 | 401 | signature too old |
| 09:13 | 401 | signature too old |

The clock of that server is **six minutes late**, so it takes each signature for a replay. Two ways out:

1. Let the machine keep time: `timedatectl set-ntp true`
2. Then send the 14 failed deliveries again, under *Webhooks → Failed → Resend*

No need to wake <!channel> for that. Details: [signatures](https://docs.example.com/signatures)."""

_ROTATE = """Yes, without a gap:

```bash
keys create --name hooks-2   # both are valid now
deploy --with-key hooks-2
keys revoke hooks-1          # an hour later
```

Both keys are accepted until the old one is revoked, so no delivery is lost."""

_PLANS = """For a team of twelve I would take **Pro**:

| plan | seats | requests a minute | a month |
| --- | ---: | ---: | ---: |
| Free | 3 | 60 | 0 € |
| **Pro** | 25 | 300 | 49 € |
| Enterprise | any | 1,000 | ask us |

*Free* ends at three seats. *Enterprise* pays off once you need single sign-on, a contract of your own, or more than
300 requests a minute. You can change the plan on any day; the rest of the month is credited."""

_REFUND = """Hello Grace, this is billing. I see two payments of **49 €** on 3 May, four seconds apart: the page was
sent twice before the first answer arrived.

- the second payment is **refunded**, it takes 2 to 3 working days
- your invoice for May stays as it is
- you will get a mail at the address you signed up with

Sorry for the trouble! Is there anything else I can do?"""

_HIKE = """Saturday looks good 🌞 *12 to 19 °C*, dry until the evening.

**Train:** 08:04 from platform 3, there at 09:21
**Way:** 14 km, 620 m up, about 5 hours
**Back:** every hour at :37, last one 20:37

Who wants to swim should bring a towel. Please do not tell @everyone, the hut is small 🙂"""

_HUT = """The hut is open from 10 to 18 h, and there is soup. Cash only!

A table for six is free at **13:00**; I cannot book it myself, but the number is on the page of the hut."""


def _writing(text: str, chunk: int = 4, pause_s: float = 0.085) -> Say:
    return Say(text, chunk, pause_s)


PARTS = (
    Part(
        "support",
        0.0,
        (
            Line(
                "Ada",
                "our order webhook gets 401 since this morning, why?",
                Answer.of("Let me look into the logs. ", Tool("search_logs", 2.2), _writing(_WEBHOOK, 5)),
            ),
            Line(
                "Linus",
                "and can we rotate the key without downtime?",
                Answer.of(_writing(_ROTATE)),
            ),
        ),
    ),
    Part(
        "sales",
        0.5,
        (Line("Linus", "which plan fits a team of twelve?", Answer.of(Pause(0.8), _writing(_PLANS))),),
    ),
    Part(
        "grace",
        0.8,
        (
            Line(
                "Grace",
                "I was charged twice in May :(",
                Answer.of(Pause(0.6), Handoff("Billing Agent", "Support Agent"), Pause(2.0), _writing(_REFUND, 3)),
            ),
        ),
    ),
    Part(
        "bob",
        0.2,
        (
            Line(
                "Bob",
                "write me an onboarding plan for ten weeks, please",
                Answer.of(Pause(0.5), _writing(onboarding_plan(), 48, 0.085)),
            ),
        ),
    ),
    Part(
        "hikers",
        1.1,
        (
            Line(
                "Mia",
                "how is the weather on Saturday, and which train?",
                Answer.of(Tool("weather_and_trains", 2.4), _writing(_HIKE, 3)),
            ),
            Line("Tom", "is the hut open?", Answer.of(_writing(_HUT))),
        ),
    ),
)


def responder(parts: tuple[Part, ...] = PARTS) -> Responder:
    """Answer by the script; a question that is not in it is answered by its words."""
    answers: Mapping[str, Answer] = {line.question: line.answer for part in parts for line in part.lines}
    return lambda question: answers.get(unnamed(question)) or answer_by_words(question)


def unnamed(question: str) -> str:
    """Take away who speaks: where several people do, the bridge puts the name in front, and the id behind it."""
    found = _SPEAKER.match(question)
    return question[found.end() :] if found and found[1] in _PEOPLE else question


_SPEAKER = re.compile(r"(\w+)(?: \([^()]*\))?: ")
_PEOPLE = frozenset(line.person for part in PARTS for line in part.lines)
