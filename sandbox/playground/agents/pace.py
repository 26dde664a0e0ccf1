"""How fast a scripted agent writes, and what an answer is said to have used."""

from sandbox.talkifai.script import Answer, End, Say, Step

_CHARACTERS_A_TOKEN = 4


def writing(text: str, chunk: int = 9, pause_s: float = 0.05) -> Say:
    """Return text at the speed of a quick model."""
    return Say(text, chunk, pause_s)


def spoken(question: str, *steps: Step | str, end_session: bool = False) -> Answer:
    """Build an answer that ends with token counts which fit its length."""
    said = tuple(writing(step) if isinstance(step, str) else step for step in steps)
    length = sum(len(step.text) for step in said if isinstance(step, Say))
    usage = {
        "prompt_tokens": 400 + len(question) // _CHARACTERS_A_TOKEN,
        "completion_tokens": max(1, length // _CHARACTERS_A_TOKEN),
    }
    return Answer((*said, End(usage, end_session=end_session)))
