"""A long answer goes up as a file, at most once, and its pages hold everything where that fails."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest

from adapters.redis_store.stores import RedisStores
from bridge.conversation.files import delivery
from bridge.domain.errors import (
    BridgeError,
    ChannelRateLimited,
    ChannelTokenRefused,
    ChannelUnavailable,
    LookupUnsupported,
    PageRejected,
    PlaceMuted,
    PostUncertain,
)
from bridge.domain.files import Attachment, FileMark, FileRules, ResultFile, SharingState
from bridge.domain.incoming import Question
from bridge.domain.stream_events import StreamEnded, StreamEvent, StreamFailed, TextDelta
from bridge.domain.threads import Address
from tests.fakes import CapableChannel, question
from tests.unit.bridge.conversation.turn_fixture import Stage, free, stage_on

TEXT = " ".join(f"word{number}" for number in range(900))
REST = "The whole answer is in the file answer.md."


@dataclass
class Sharing(CapableChannel):
    """A channel that takes files; its next calls can be made to fail."""

    shared: list[tuple[str, str]] = field(default_factory=list)
    uploads: int = 0
    upload_errors: list[BridgeError] = field(default_factory=list)
    share_errors: list[BridgeError] = field(default_factory=list)
    lands_before_failure: bool = False
    finds: bool | None = True
    """Whether a file that was shared is found; None: the channel cannot be searched."""
    order: list[str] = field(default_factory=list)

    @property
    def files(self) -> "Sharing":
        return self

    async def upload(self, address: Address, file: ResultFile) -> str:
        del address, file
        self.uploads += 1
        if self.upload_errors:
            raise self.upload_errors.pop(0)
        return f"F{self.uploads}"

    async def share(self, address: Address, file: ResultFile, upload_id: str) -> None:
        del address
        assert upload_id == f"F{self.uploads}"
        error = self.share_errors.pop(0) if self.share_errors else None
        if error is None or self.lands_before_failure:
            self.shared.append((file.name, file.text))
            self.order.append(file.name)
        if error is not None:
            raise error

    async def is_shared(self, address: Address, turn_id: str, upload_id: str) -> bool:
        del address, turn_id, upload_id
        if self.finds is None:
            raise LookupUnsupported("fake")
        return self.finds and bool(self.shared)

    async def read(self, question: Question, file: Attachment, at_most: int) -> bytes:
        raise AssertionError(question, file, at_most)

    async def post(self, address: Address, view: object) -> str:
        self.order.append("page")
        return await super().post(address, view)  # type: ignore[arg-type]  # as the port


async def long_answer(text: str) -> AsyncIterator[StreamEvent]:
    del text
    for start in range(0, len(TEXT), 500):
        yield TextDelta(TEXT[start : start + 500])
    yield StreamEnded({"total_tokens": 7})


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "_PAUSES_S", (0.01, 0.01, 0.01))
    monkeypatch.setattr(delivery, "_LOOK_PAUSES_S", (0.01, 0.01, 0.01))


def on(channel: Sharing, stores: RedisStores, from_pages: int | None = 2) -> Stage[Sharing]:
    return stage_on(channel, stores, long_answer, files=FileRules(from_pages))


def sharing() -> Sharing:
    return Sharing(latency_s=0.0, page_size=1000)


async def test_an_answer_over_so_many_pages_shows_its_beginning_and_is_shared_once(stores: RedisStores) -> None:
    """M8: the file stands below the beginning, and holds everything."""
    it = on(sharing(), stores)
    await it.answer(question())
    assert it.channel.shared == [("answer.md", TEXT)]
    assert it.notices == [REST]
    assert len(it.channel.standing) == 2
    assert TEXT.startswith(" ".join(view.text for view in it.channel.standing.values()))
    assert it.channel.order[-1] == "answer.md"


async def test_the_file_of_an_answer_that_was_broken_off_is_not_called_whole(stores: RedisStores) -> None:
    """M8: it holds what there is."""

    async def broken_off(text: str) -> AsyncIterator[StreamEvent]:
        async for event in long_answer(text):
            yield StreamFailed("internal") if isinstance(event, StreamEnded) else event

    it = on(sharing(), stores)
    it.agent.script = broken_off
    await it.answer(question())
    assert it.channel.shared == [("answer.md", TEXT)]
    (notice,) = it.notices
    assert notice.startswith("The answer so far is in the file answer.md.\n")


async def test_an_answer_of_no_more_pages_is_no_file(stores: RedisStores) -> None:
    it = on(sharing(), stores, from_pages=9)
    await it.answer(question())
    assert it.channel.shared == []
    assert "".join(it.channel.text.split()) == "".join(TEXT.split())
    assert it.notices == []


@pytest.mark.parametrize("from_pages", [None, 2])
async def test_without_the_setting_or_on_a_channel_without_files_all_pages_show(
    stores: RedisStores, from_pages: int | None
) -> None:
    channel = CapableChannel(latency_s=0.0, page_size=1000) if from_pages else sharing()
    it = stage_on(channel, stores, long_answer, files=FileRules(from_pages))
    await it.answer(question())
    assert "".join(channel.text.split()) == "".join(TEXT.split())


REFUSALS = [
    ChannelTokenRefused("SLACK_BOT_TOKEN: Slack answers missing_scope"),
    PageRejected("file_uploads_disabled"),
    ChannelRateLimited(999.0, "fake"),
    PlaceMuted("not enough rights to send documents to the chat"),
]


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("step", ["upload", "share"])
async def test_where_the_channel_takes_no_file_its_pages_hold_everything(
    stores: RedisStores, refusal: BridgeError, step: str
) -> None:
    """M8: nothing is lost, and nothing says that there is a file."""
    channel = sharing()
    (channel.upload_errors if step == "upload" else channel.share_errors).append(refusal)
    it = on(channel, stores)
    await it.answer(question())
    assert channel.shared == []
    assert "".join(channel.text.split()) == "".join(TEXT.split())
    assert it.notices == []


async def test_a_channel_that_is_away_for_a_moment_is_asked_again(stores: RedisStores) -> None:
    channel = sharing()
    channel.upload_errors += [ChannelUnavailable("away")]
    channel.share_errors += [ChannelUnavailable("away"), ChannelRateLimited(0.01, "fake")]
    it = on(channel, stores)
    await it.answer(question())
    assert channel.shared == [("answer.md", TEXT)]


@pytest.mark.parametrize("finds", [True, False, None])
@pytest.mark.parametrize("lands", [True, False])
async def test_a_file_whose_answer_was_lost_is_never_shared_twice(
    stores: RedisStores, *, finds: bool | None, lands: bool
) -> None:
    """M8: it is looked for; where that tells nothing, the pages hold everything."""
    channel = sharing()
    channel.finds, channel.lands_before_failure = finds, lands
    channel.share_errors.append(PostUncertain("lost"))
    it = on(channel, stores)
    await it.answer(question())
    assert len(channel.shared) == int(lands)
    is_known = lands and finds is True
    assert it.notices == ([REST] if is_known else [])
    assert ("".join(channel.text.split()) == "".join(TEXT.split())) is not is_known


@pytest.mark.parametrize("finds", [True, None])
async def test_a_worker_that_dies_while_it_shares_leaves_no_second_file(
    stores: RedisStores, *, finds: bool | None
) -> None:
    """M8: the next worker goes on from the record."""
    channel = sharing()
    it = on(channel, stores)
    lease = await it.put(question())
    entry = await stores.queue.begin(lease)
    assert entry is not None
    under_way, held = asyncio.Event(), asyncio.Event()

    async def share(address: Address, file: ResultFile, upload_id: str) -> None:
        await Sharing.share(channel, address, file, upload_id)
        under_way.set()
        await held.wait()

    channel.share = share  # type: ignore[method-assign]
    running = asyncio.ensure_future(it.turns.run(lease, entry, free))
    await under_way.wait()
    running.cancel()
    await asyncio.wait([running])
    del channel.share
    channel.finds = finds

    await stores.queue.release(lease)
    again = await stores.queue.claim()
    assert again is not None
    settlement = await it.take(again)
    assert not await stores.queue.settle(again, settlement)
    assert channel.shared == [("answer.md", TEXT)]
    assert it.notices == ([REST] if finds else [])
    if finds is None:
        assert "".join(channel.text.split()) == "".join(TEXT.split())


async def test_a_record_says_how_far_each_file_has_come(stores: RedisStores) -> None:
    it = on(sharing(), stores)
    lease = await it.put(question())
    entry = await stores.queue.begin(lease)
    assert entry is not None
    assert entry.record.files == {}
    marks = {"answer.md": FileMark(SharingState.BEGUN, "F1"), "code-1.py": FileMark(SharingState.SHARED)}
    await stores.queue.record_files(replace(lease, question_id=entry.queued.id), marks)
    again = await stores.queue.begin(lease)
    assert again is not None
    assert again.record.files == marks
