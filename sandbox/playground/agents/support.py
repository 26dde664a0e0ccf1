"""An agent that helps: with tools, with a colleague, with a farewell."""

import re

from sandbox.playground.agents.pace import spoken
from sandbox.talkifai.script import Answer, Handoff, Pause, Tool

_WEBHOOK = """Found it. Since **09:12** every delivery to `hooks/orders` is answered with `401`:

| time | status | reason |
| --- | ---: | --- |
| 09:12 | 401 | signature too old |
| 09:13 | 401 | signature too old |

The clock of that server is **six minutes late**, so it takes each signature for a replay. Two ways out:

1. Let the machine keep time: `timedatectl set-ntp true`
2. Then send the 14 failed deliveries again, under *Webhooks → Failed → Resend*

More about it: [signatures](https://docs.example.com/signatures)"""

_ROTATE = """Yes, without a gap:

```bash
keys create --name hooks-2   # both are valid now
deploy --with-key hooks-2
keys revoke hooks-1          # an hour later
```

Both keys are accepted until the old one is revoked, so **no delivery is lost**."""

_PLANS = """For a team of twelve I would take **Pro**:

| plan | seats | requests a minute | a month |
| --- | ---: | ---: | ---: |
| Free | 3 | 60 | 0 € |
| **Pro** | 25 | 300 | 49 € |
| Enterprise | any | 1,000 | ask us |

*Free* ends at three seats. You can change the plan on any day; the rest of the month is credited."""

_ROWS = (
    ("401|webhook|hook", "search_logs", _WEBHOOK),
    ("rotate|key", "", _ROTATE),
    ("plan|team|price", "price_list", _PLANS),
)


def answer(question: str) -> Answer:
    """Look up what the question is about, and answer."""
    for pattern, tool, text in _ROWS:
        if re.search(rf"\b(?:{pattern})", question, re.IGNORECASE):
            steps = ("Let me look that up. ", Tool(tool, 2.2)) if tool else (Pause(0.5),)
            return spoken(question, *steps, text)
    asked = question.strip() or "nothing"
    return spoken(
        question,
        Tool("knowledge_base", 1.2),
        f"You asked: “{asked}”\n\nI looked through the **knowledge base**. In short:\n\n"
        "- yes, that works out of the box\n- there is nothing to configure\n- and it costs nothing extra\n\n"
        "Ask me about the *webhook*, a *key* or the *plans* to see more of what I can do.",
    )


_REFUND = """Hello, this is billing. I see two payments of **49 €** on 3 May, four seconds apart: the page was sent \
twice before the first answer arrived.

- the second payment is **refunded**, it takes 2 to 3 working days
- your invoice for May stays as it is

Sorry for the trouble! Is there anything else I can do?"""


def hand_over(question: str) -> Answer:
    """Let a colleague answer."""
    return spoken(
        question,
        "One moment, my colleague from billing knows more. ",
        Handoff("Billing Agent", "Support Agent"),
        Pause(1.8),
        _REFUND,
    )


def say_goodbye(question: str) -> Answer:
    """Answer, and end the conversation."""
    return spoken(
        question,
        "You are welcome! I close this conversation now, so that it costs nothing more.\n\n**Goodbye** 👋",
        end_session=True,
    )
