"""Buttons below replies: the real library, and the stand-in that takes no button it does not know."""

from contextlib import AsyncExitStack

import httpx
import pytest

from adapters.telegram import limits as telegram_limits
from adapters.telegram.channel import TelegramChannel
from bridge.domain.errors import StoreUnavailable
from bridge.domain.incoming import Incoming, IntakeResult, Stop
from bridge.domain.pages import Button, PageView
from bridge.domain.threads import Address
from bridge.domain.turns import token_of
from config.telegram import TelegramSettings
from sandbox.faults import Fault
from sandbox.telegram.server import TelegramStandIn
from tests.contract.telegram_steps import Intake, Roots, receiving, rooms_of, until_nothing_is_pending

TURN = "telegram:100:5:7"
STOP, RETRY = "⏹ Stop", "🔁 Retry"


class Answering(Intake):
    """Intake's door, with an answer of the test's own."""

    def __init__(self, *became: IntakeResult) -> None:
        super().__init__()
        self.became = list(became)

    async def accept(self, incoming: Incoming) -> IntakeResult:
        await super().accept(incoming)
        return self.became.pop(0)


def _labels(telegram: TelegramStandIn, message_id: str) -> list[str]:
    markup = telegram.world.messages[int(message_id)].keyboard or {"inline_keyboard": []}
    return [button["text"] for row in markup["inline_keyboard"] for button in row]


def _view(text: str, *controls: Button, final: bool = False) -> PageView:
    return PageView(text=text, turn_id=TURN, controls=controls, final=final)


async def _until_answered(telegram: TelegramStandIn, *presses: str) -> list[list[str]]:
    answers = telegram.seen.press_answers
    await telegram.ledger.until(lambda: all(press in answers for press in presses), timeout_s=15)
    return [answers[press] for press in presses]


async def test_buttons_ride_on_the_edits_and_go_with_them(telegram: TelegramStandIn, channel: TelegramChannel) -> None:
    ada = telegram.person("Ada")
    address = Address("100", str(telegram.private_chat(ada).id))
    message_id = await channel.post(address, _view("so", Button.STOP))
    assert _labels(telegram, message_id) == [STOP]
    await channel.edit(address, message_id, _view("so far", Button.STOP))
    assert _labels(telegram, message_id) == [STOP]
    await channel.edit(address, message_id, _view("so far", Button.RETRY, final=True))
    assert _labels(telegram, message_id) == [RETRY]
    await channel.edit(address, message_id, _view("so far and all", final=True))
    assert _labels(telegram, message_id) == []
    assert len(telegram.calls_of("sendMessage", "editMessageText")) == 4


def test_a_message_with_other_buttons_looks_different(channel: TelegramChannel) -> None:
    assert channel.looks_same(_view("a", Button.STOP), _view("a", Button.STOP, final=True))
    assert not channel.looks_same(_view("a", Button.STOP), _view("a", final=True))


@pytest.mark.parametrize("feedback", [True, False])
def test_ratings_are_offered_where_the_setting_says_so(roots: Roots, *, feedback: bool) -> None:
    channel = TelegramChannel(token="100:x", rooms=rooms_of(roots), options=TelegramSettings(feedback=feedback))
    ratings = {Button.GOOD, Button.BAD} if feedback else set()
    assert channel.controls == {Button.STOP, Button.RETRY, Button.AGAIN, Button.HUMAN, *ratings}


async def test_every_press_is_answered_by_what_became_of_it(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    """S17: and stale or foreign ones are, too."""
    ada = telegram.person("Ada")
    chat = telegram.private_chat(ada)
    message_id = int(await channel.post(Address("100", str(chat.id)), _view("so far", Button.STOP)))
    intake = Answering(IntakeResult.STOPPED, IntakeResult.NOTHING, IntakeResult.NOT_YOURS, IntakeResult.DUPLICATE)
    async with receiving(channel, intake):
        presses = [await telegram.press(ada, message_id, STOP) for _ in range(3)]
        presses += [await telegram.press(ada, message_id, STOP, is_old=True)]
        presses += [await telegram.press_data(ada, message_id, "from another age")]
        said = await _until_answered(telegram, *presses)
        await until_nothing_is_pending(telegram)
    assert said == [
        ["Stopped."],
        ["There is no answer to stop at the moment."],
        ["Only the person who asked may stop this answer."],
        [""],
        ["This button is too old."],
    ]
    assert [question.about for question in intake.questions if isinstance(question, Stop)] == [token_of(TURN)] * 4
    assert {str(question.thread) for question in intake.questions} == {f"telegram:100:{chat.id}:"}


async def test_a_press_that_could_not_be_kept_comes_again(
    telegram: TelegramStandIn, channel: TelegramChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P1: not acknowledged, not answered, until the store is back."""
    monkeypatch.setattr(telegram_limits, "POLL_PAUSE_FIRST_S", 0.05)
    ada = telegram.person("Ada")
    message_id = await channel.post(Address("100", str(telegram.private_chat(ada).id)), _view("so far", Button.STOP))
    away = 2

    async def accept(incoming: Incoming) -> IntakeResult:
        nonlocal away
        del incoming
        away -= 1
        if away >= 0:
            raise StoreUnavailable("away")
        return IntakeResult.STOPPED

    intake = Intake()
    monkeypatch.setattr(intake, "accept", accept)
    async with receiving(channel, intake):
        press = await telegram.press(ada, int(message_id), STOP)
        assert await _until_answered(telegram, press) == [["Stopped."]]
        await until_nothing_is_pending(telegram)


async def test_an_answer_to_a_press_that_fails_hurts_nobody(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    ada = telegram.person("Ada")
    message_id = int(
        await channel.post(Address("100", str(telegram.private_chat(ada).id)), _view("so far", Button.STOP))
    )
    telegram.faults.arm(Fault("answerCallbackQuery", status=400, error="Bad Request: query is too old"))
    telegram.faults.arm(Fault("answerCallbackQuery", refuse=True))
    async with receiving(channel, Answering(*[IntakeResult.STOPPED] * 3)):
        presses = [await telegram.press(ada, message_id, STOP) for _ in range(3)]
        assert await _until_answered(telegram, presses[2]) == [["Stopped."]]


async def test_a_press_in_a_group_is_about_the_chain_of_its_question(
    telegram: TelegramStandIn, channel: TelegramChannel, roots: Roots
) -> None:
    ada, bob, group = telegram.person("Ada"), telegram.person("Bob"), telegram.group("Team")
    intake = Answering(IntakeResult.ACCEPTED, *[IntakeResult.ACCEPTED] * 3)
    async with receiving(channel, intake):
        root = await telegram.say(ada, group, "why?", mention=True)
        await intake.until_knocks(1)
        reply = int(await channel.post(intake.questions[0].address, _view("because", Button.RETRY)))
        presses = [await telegram.press(bob, reply, RETRY), await telegram.press(bob, reply, RETRY, is_old=True)]
        await intake.until_knocks(3)
        roots.known.clear()
        presses.append(await telegram.press(bob, reply, RETRY))
        said = await _until_answered(telegram, *presses)
    assert said == [["The question is asked again."]] * 3
    questions = intake.questions[1:]
    assert [question.thread.thread for question in questions] == [str(root)] * 3
    assert questions[0].address.reply_to == str(root)
    assert questions[0].person.name == "Bob"


async def test_where_administrators_control_others_stop_only_what_is_theirs(
    telegram: TelegramStandIn, roots: Roots
) -> None:
    """A15: whose it is the store says; the channel says that it has to be."""
    ada, bob, group = telegram.person("Ada"), telegram.person("Bob"), telegram.group("Team")
    group.admins.add(ada.id)
    intake = Answering(*[IntakeResult.STOPPED] * 4)
    async with AsyncExitStack() as stack:
        channel = TelegramChannel(
            token=telegram.token,
            api_url=telegram.api_url,
            rooms=rooms_of(roots),
            options=TelegramSettings(group_control="admins"),
        )
        stack.push_async_callback(channel.aclose)
        await channel.open()
        await stack.enter_async_context(receiving(channel, intake))
        message_id = int(await channel.post(Address("100", str(group.id)), _view("so far", Button.STOP)))
        await telegram.press(ada, message_id, STOP)
        await telegram.press(bob, message_id, STOP)
        await telegram.say(bob, group, "/stop")
        await telegram.say(bob, telegram.private_chat(bob), "/stop")
        await intake.until_knocks(4)
    in_group = [stop for stop in intake.questions if stop.address.place == str(group.id)]
    (alone,) = (stop for stop in intake.questions if stop not in in_group)
    assert [isinstance(stop, Stop) and stop.owner_only for stop in (*in_group, alone)] == [False, True, True, False]


async def test_telegrams_own_stop_below_a_draft_is_asked_for_and_heard(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    """S17: a draft has no keyboard of ours."""
    ada = telegram.person("Ada")
    chat = telegram.private_chat(ada)
    intake = Answering(IntakeResult.STOPPED)
    async with receiving(channel, intake):
        await telegram.stop_draft(chat, 77)
        await intake.until_knocks(1)
    (question,) = intake.questions
    assert question == Stop(question.origin)
    assert question.thread.place == str(chat.id)


@pytest.mark.parametrize(
    ("markup", "said"),
    [
        ('{"inline_keyboard": [[{"text": "x", "callback_data": "' + "é" * 33 + '"}]]}', "BUTTON_DATA_INVALID"),
        ('{"inline_keyboard": [[{"text": " ", "callback_data": "a"}]]}', "must have a text"),
        ('{"inline_keyboard": [{"text": "x"}]}', "reply markup"),
        ("[]", "reply markup"),
    ],
)
async def test_the_stand_in_is_strict_about_buttons(telegram: TelegramStandIn, markup: str, said: str) -> None:

    ada = telegram.person("Ada")
    chat_id = telegram.private_chat(ada).id
    async with httpx.AsyncClient(base_url=f"{telegram.api_url}/bot{telegram.token}") as client:
        sent = await client.post("/sendMessage", json={"chat_id": chat_id, "text": "x", "reply_markup": markup})
        assert (sent.status_code, said in sent.json()["description"]) == (400, True)
        unknown = await client.post("/answerCallbackQuery", json={"callback_query_id": "1"})
        assert "query is too old" in unknown.json()["description"]
