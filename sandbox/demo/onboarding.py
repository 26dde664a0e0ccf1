"""A long answer that is nevertheless worth reading: a plan of ten weeks."""

from typing import NamedTuple


class _Week(NamedTuple):
    title: str
    aim: str
    tasks: tuple[str, ...]
    check: str


_WEEKS = (
    _Week(
        "Arrive",
        "Everybody has a laptop, an account and a person to ask. Nothing else is expected this week, and that is said"
        " aloud on the first morning so that nobody tries to be useful too early.",
        ("hand over the laptop and the keys", "introduce the buddy over lunch", "open all accounts, test each login"),
        "the first message in the team channel is written",
    ),
    _Week(
        "Look around",
        "Sit with each team for half a day. The point is not to learn the tools but the people, what they are proud"
        " of, and what they complain about when nobody is listening.",
        ("half a day with sales", "half a day with support", "half a day in the warehouse", "note every question"),
        "the new colleague can say who to ask about what",
    ),
    _Week(
        "First small thing",
        "Change something small that real customers see. The size does not matter; going through every step from the"
        " idea to the release does, review and release notes included.",
        ("pick a small request from the list", "pair with the buddy", "release it, and tell the one who asked"),
        "one change is live",
    ),
    _Week(
        "Support duty",
        "Answer customers for three days, with somebody experienced beside. There is no faster way to find out where"
        " the product hurts, and no better protection against clever ideas.",
        ("read the last 50 tickets", "answer ten with help", "answer ten alone", "collect what came up twice"),
        "ten customers were helped",
    ),
    _Week(
        "Half-way talk",
        "An honest hour with the lead: what is clear, what is strange, what should have been said on day one. The"
        " answers go into this plan before the next person starts.",
        ("prepare three surprises", "agree on a first project", "mend this plan"),
        "two lines of this plan are better than before",
    ),
    _Week(
        "A project of one's own",
        "A piece of work with a clear end, two weeks long, that nobody else is waiting for. Questions are welcome at"
        " any time; decisions are made by the new colleague.",
        ("write down the goal in five lines", "show a sketch on Wednesday", "cut what does not fit into two weeks"),
        "a sketch was shown and torn apart kindly",
    ),
    _Week(
        "Finish it",
        "The second half of the project, with the unglamorous part: tests, a page in the handbook, a word to those"
        " who are affected. A thing that nobody knows about is not finished.",
        ("tests that fail when they should", "a page in the handbook", "a demo of five minutes on Friday"),
        "the demo was given, and somebody asked a question",
    ),
    _Week(
        "Money and law",
        "Two mornings with finance and with the data protection officer. Dry, short, and the reason why some of the"
        " rules that looked odd in week one are there.",
        ("how an invoice comes about", "what may be stored, and for how long", "who signs what"),
        "the quiz is passed, with the book open",
    ),
    _Week(
        "Customers",
        "Visit two customers, one who is happy and one who is not. Listen more than talk. Bring back one thing each"
        " that we would never have guessed from here.",
        ("prepare three open questions", "visit, and take notes by hand", "tell the team in ten minutes"),
        "both customers got a thank-you and an answer",
    ),
    _Week(
        "Look back",
        "The last talk of the plan, with the buddy and the lead. From here on the new colleague is simply a colleague,"
        " and the next buddy.",
        ("what went well", "what to keep for the next one", "a date for cake 🍰"),
        "cake was eaten",
    ),
)
_EVERY_WEEK = (
    "Every Friday there are fifteen minutes with the lead, standing, without slides: what was learned, what is in the"
    " way, what comes next. If the week was bad, say so; it is the fastest way to a better one. Whatever is written"
    " down there can be read by both, nobody else. And if something in this plan turned out to be nonsense, strike it"
    " out on the spot: the next one who arrives will be grateful."
)


def onboarding_plan() -> str:
    """Return the plan as Markdown, about 9,000 characters."""
    return "\n\n".join(
        [
            "# A plan for the first ten weeks",
            "Take it as a start, not as a law. Each week has **one aim**, a few tasks and one check at its end.",
            *(_chapter(number, week) for number, week in enumerate(_WEEKS, start=1)),
            "That is all. Good luck, and welcome aboard!",
        ]
    )


def _chapter(number: int, week: _Week) -> str:
    tasks = "\n".join(f"{index}. {task}" for index, task in enumerate(week.tasks, start=1))
    parts = [
        f"## Week {number}: {week.title}",
        week.aim,
        tasks,
        f"> Check: *{week.check}*",
        f"{_EVERY_WEEK} This is talk number {number} of {len(_WEEKS)}.",
    ]
    if number % 3 == 0:
        title = week.title.lower().replace(" ", "-").replace("'", "")
        parts.append(f"```text\ncalendar: week-{number}/{title}\nremind:   friday 15:45\n```")
    return "\n\n".join(parts)
