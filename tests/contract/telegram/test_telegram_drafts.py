"""Drafts in private chats: the real library over real sockets, against the stand-in."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.telegram.channel import TelegramChannel
from adapters.telegram.outbound.messages import draft_id_of
from bridge.domain.errors import ChannelRateLimited, ChannelUnavailable, PlaceGone
from bridge.domain.notices import Status
from bridge.domain.pages import PageView
from bridge.domain.threads import Address
from config.telegram import TelegramSettings
from sandbox.faults import Fault
from sandbox.telegram.server import TelegramStandIn
from sandbox.telegram.world import Chat
from tests.contract.telegram_steps import Roots, rooms_of
from tests.english import english

GROWING = PageView(text="Hello **there**", status="Looking that up…", turn_id="q1")


@pytest.fixture
async def native(telegram: TelegramStandIn, roots: Roots) -> AsyncIterator[TelegramChannel]:
    opened = TelegramChannel(
        token=telegram.token,
        api_url=telegram.api_url,
        rooms=rooms_of(roots),
        options=TelegramSettings(streaming="native"),
    )
    await opened.open()
    yield opened
    await opened.aclose()


@pytest.fixture
def chat(telegram: TelegramStandIn) -> Chat:
    return telegram.private_chat(telegram.person("Ada"), topics=True)


def address(chat: Chat, thread: int | None = None) -> Address:
    return Address("100", str(chat.id), str(thread or ""))


async def test_a_page_grows_in_one_draft_and_goes_with_its_message(
    telegram: TelegramStandIn, native: TelegramChannel, chat: Chat
) -> None:
    assert await native.draft(address(chat), GROWING)
    assert await native.draft(address(chat), PageView(text="Hello **there** and so on", turn_id="q1"))
    message_id = await native.post(address(chat), PageView(text="Hello there and so on.", final=True, turn_id="q1"))
    draft = f"draft:{draft_id_of(GROWING)}"
    assert [(frame.message_id, frame.change, frame.text) for frame in telegram.ledger.frames] == [
        (draft, "posted", "Hello there\n\nLooking that up…"),
        (draft, "edited", "Hello there and so on"),
        (draft, "deleted", ""),
        (message_id, "posted", "Hello there and so on."),
    ]
    assert [telegram.world.messages[int(message_id)].silent] == [False]
    (first, *_) = telegram.calls_of("sendMessageDraft")
    assert "bold" in [entity["type"] for entity in first.params["entities"]]


async def test_a_draft_stands_in_its_topic(telegram: TelegramStandIn, native: TelegramChannel, chat: Chat) -> None:
    topic = telegram.topic(chat, "Bills")
    assert await native.draft(address(chat, topic), GROWING)
    assert [shown.text for shown in telegram.ledger.shown(str(chat.id), str(topic))] == [
        "Hello there\n\nLooking that up…"
    ]


async def test_the_draft_of_a_page_is_the_same_for_every_worker_and_of_no_other_page() -> None:
    again = PageView(text="other", number=1, turn_id="q1")
    others = [PageView(number=2, turn_id="q1"), PageView(number=1, turn_id="q2")]
    assert draft_id_of(again) == draft_id_of(GROWING)
    assert draft_id_of(GROWING) not in [draft_id_of(view) for view in others]
    assert all(0 < draft_id_of(PageView(number=number)) < 2**31 for number in range(1, 100))


async def test_groups_have_no_drafts(telegram: TelegramStandIn, native: TelegramChannel) -> None:
    assert not await native.draft(address(telegram.group("Team")), GROWING)
    assert telegram.calls_of("sendMessageDraft") == []


async def test_the_stand_in_refuses_a_draft_in_a_group(telegram: TelegramStandIn, native: TelegramChannel) -> None:
    group = telegram.group("Team")
    private = Address("100", str(group.id).replace("-", ""))
    telegram.world._groups[int(private.place)] = group
    assert not await native.draft(private, GROWING)
    assert [call.status for call in telegram.calls_of("sendMessageDraft")] == [400]


async def test_where_replies_are_edited_no_draft_is_tried(
    telegram: TelegramStandIn, channel: TelegramChannel, chat: Chat
) -> None:
    assert not await channel.draft(address(chat), GROWING)
    assert telegram.calls_of("sendMessageDraft") == []


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, "Bad Request: TEXTDRAFT_PEER_INVALID"),
        (400, "Bad Request: can't parse entities"),
        (404, "Not Found"),
        (401, "Unauthorized"),
    ],
)
async def test_a_refused_draft_is_told_so_that_the_page_is_posted(
    telegram: TelegramStandIn, native: TelegramChannel, chat: Chat, status: int, error: str
) -> None:
    telegram.faults.arm(Fault("sendMessageDraft", status=status, error=error))
    assert not await native.draft(address(chat), GROWING)


async def test_what_is_no_refusal_is_an_error_as_for_an_edit(
    telegram: TelegramStandIn, native: TelegramChannel, chat: Chat
) -> None:
    """S8: the scope is the one that `pace` speaks of."""
    telegram.faults.arm(Fault("sendMessageDraft", status=429, retry_after_s=7))
    with pytest.raises(ChannelRateLimited) as limited:
        await native.draft(address(chat), GROWING)
    assert limited.value.scope == native.pace(address(chat)).drafts[0].scope
    telegram.faults.arm(Fault("sendMessageDraft", status=502))
    with pytest.raises(ChannelUnavailable):
        await native.draft(address(chat), GROWING)
    telegram.faults.arm(Fault("sendMessageDraft", lose_answer=True))
    with pytest.raises(ChannelUnavailable):
        await native.draft(address(chat), GROWING)
    telegram.block(chat)
    with pytest.raises(PlaceGone):
        await native.draft(address(chat), GROWING)


async def test_a_draft_that_nobody_shows_again_goes_by_itself(
    telegram: TelegramStandIn, native: TelegramChannel, chat: Chat
) -> None:
    telegram.api.drafts.life_s = 0.2
    await native.draft(address(chat), GROWING)
    await asyncio.sleep(0.1)
    await native.draft(address(chat), GROWING)
    await asyncio.sleep(0.15)
    assert len(telegram.ledger.shown(str(chat.id))) == 1
    await telegram.ledger.until(lambda: telegram.ledger.shown(str(chat.id)) == [])
    assert telegram.api.drafts.expired == 1


async def test_typing_does_not_take_the_place_of_a_draft(
    telegram: TelegramStandIn, native: TelegramChannel, chat: Chat
) -> None:
    await native.show_activity(address(chat))
    await native.draft(address(chat), PageView(status=english(Status.THINKING), turn_id="q1"))
    await native.show_activity(address(chat))
    assert len(telegram.seen.actions) == 1
    await native.post(address(chat), PageView(text="Done.", final=True))
    await native.show_activity(address(chat))
    assert len(telegram.seen.actions) == 2


async def test_a_draft_calls_nobody(telegram: TelegramStandIn, native: TelegramChannel, chat: Chat) -> None:
    """A5: a draft is defused like any text."""
    await native.draft(address(chat), PageView(text="@someone [you](tg://user?id=5001)", turn_id="q1"))
    (call,) = telegram.calls_of("sendMessageDraft")
    assert call.params["text"].startswith("@\u2060someone you")
    assert telegram.pings == []
