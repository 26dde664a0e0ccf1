"""A long answer comes as a file too, in both services."""

from functools import partial

import pytest

from sandbox.faults import Fault
from sandbox.talkifai.script import Answer, Say
from tests.scenario.messengers import Messenger, SlackMessenger, Talk

pytestmark = [pytest.mark.scenario, pytest.mark.asyncio(loop_scope="module")]

REST = "The whole answer is in the file answer.md."
CODE = "\n".join(f"print('line {number} of the program')" for number in range(450))
REFUSALS = {
    "slack": Fault("files.getUploadURLExternal", error="missing_scope"),
    "telegram": Fault("sendDocument", status=400, error="Bad Request: not enough rights to send documents to the chat"),
}


@pytest.fixture(scope="module")
def bridge_settings() -> dict[str, str]:
    return {"BRIDGE_FILE_FROM": "2"}


def says_rest(messenger: Messenger, talk: Talk) -> bool:
    return REST in messenger.texts(talk)[1]


def long_text(messenger: Messenger) -> str:
    """Return some four messages of it, with a name of its own."""
    most = 9_000 if messenger.name == "slack" else 4_000
    return " ".join(f"Sentence {number} of the answer." for number in range(most // 7)) + " This is the last one."


def files(messenger: Messenger) -> list[tuple[str, bytes | None, int]]:
    """Return each file that people see: its name, what is in it, and how often it was shown."""
    if isinstance(messenger, SlackMessenger):
        return [
            (file.name, file.content, file.shares) for file in messenger.slack.api.files.files.values() if file.shares
        ]
    return [(document.name, document.content, 1) for document in messenger.stage.telegram.world.documents.sent]


async def test_an_answer_over_two_messages_shows_two_and_is_whole_in_a_file_below(messenger: Messenger) -> None:
    """M8: in a thread, and in a direct message."""
    text = long_text(messenger)
    messenger.scene.answers["all of it"] = Answer.of(Say(text, chunk=200, pause_s=0.01))
    for ask in (messenger.ask_in_group, messenger.ask_directly):
        before = len(files(messenger))
        talk = await ask("all of it")
        await messenger.until_said(talk, "[answer.md]")
        await messenger.ledger.until(partial(says_rest, messenger, talk), 20.0)
        first, second, last = messenger.texts(talk)
        assert last == "[answer.md]"
        assert text.startswith(first)
        assert "".join(f"{first}{second.partition(REST)[0]}".strip("_ \n").split()) in "".join(text.split())
        assert files(messenger)[before:] == [("answer.md", text.encode(), 1)]
        assert messenger.replies(talk)[1].posted_at <= messenger.replies(talk)[2].posted_at


async def test_long_code_comes_as_a_file_of_its_own_and_its_messages_stay_whole(messenger: Messenger) -> None:
    """M8: within the number of messages everything shows, and the code is there in one piece too."""
    lines = CODE if messenger.name == "slack" else CODE[:6000]
    messenger.scene.answers["the program"] = Answer.of(Say(f"Here it is:\n\n```python\n{lines}\n```\n", chunk=500))
    talk = await messenger.ask_in_group("the program")
    before = len(files(messenger))
    await messenger.until_said(talk, "[code-1.py]")
    assert len(messenger.texts(talk)) == 3
    assert REST not in "".join(messenger.texts(talk))
    shown = "".join("".join(messenger.texts(talk)[:2]).split())
    assert all("".join(line.split()) in shown for line in lines.splitlines()[:-1])
    assert files(messenger)[before:] == [("code-1.py", f"{lines}\n".encode(), 1)]


async def test_where_no_file_is_taken_the_rest_follows_in_messages(messenger: Messenger) -> None:
    """M8: nothing is lost, and no message speaks of a file."""
    text, before = long_text(messenger), len(files(messenger))
    messenger.scene.answers["all, refused"] = Answer.of(Say(text, chunk=500))
    messenger.faults.arm(REFUSALS[messenger.name])
    talk = await messenger.ask_in_group("all, refused")
    await messenger.until_said(talk, "This is the last one.", 60.0)
    assert "".join("".join(messenger.texts(talk)).split()) == "".join(text.split())
    assert files(messenger)[before:] == []
