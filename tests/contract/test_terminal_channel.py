"""What every channel promises, held against the terminal."""

import io

import pytest

from adapters.terminal import TerminalChannel
from bridge.domain.errors import MessageGone
from bridge.domain.pages import PageView
from bridge.domain.threads import Address
from bridge.ports.channel import Channel, Receiver

HERE = Address("ada@box", "chat")


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def channel(out: io.StringIO) -> TerminalChannel:
    return TerminalChannel(stdout=out, user="ada", host="box")


def test_it_is_both_halves_of_a_channel(channel: TerminalChannel) -> None:
    sends: Channel = channel
    receives: Receiver = channel
    assert (sends.name, sends.account) == (channel.thread.channel, channel.thread.account) == ("terminal", "ada@box")
    assert receives is channel


def test_a_page_fits_up_to_its_bound_and_not_beyond(channel: TerminalChannel) -> None:
    """S12: pages of a long reply."""
    assert channel.fits("")
    assert channel.fits("x" * 20_000)
    assert not channel.fits("x" * 20_001)


def test_the_pace_has_a_floor_and_no_budget(channel: TerminalChannel) -> None:
    pace = channel.pace(HERE)
    assert pace == channel.pace(HERE)
    assert (pace.edit_floor_s, pace.posts, pace.edits) == (0.1, (), ())


async def test_every_post_has_an_id_of_its_own_in_every_run(channel: TerminalChannel) -> None:
    again = TerminalChannel(stdout=io.StringIO(), user="ada", host="box")
    view = PageView(text="a", turn_id="q", final=True)
    ids = {await channel.post(HERE, view), await channel.post(HERE, view), await again.post(HERE, view)}
    assert len(ids) == 3


async def test_an_edit_may_be_repeated(channel: TerminalChannel, out: io.StringIO) -> None:
    message_id = await channel.post(HERE, PageView(text="a", turn_id="q"))
    for _ in range(2):
        await channel.edit(HERE, message_id, PageView(text="ab", turn_id="q"))
    for _ in range(2):
        await channel.edit(HERE, message_id, PageView(text="abc", turn_id="q", final=True))
    assert out.getvalue() == "abc\n"


async def test_a_message_of_an_earlier_run_is_gone(channel: TerminalChannel) -> None:
    """S14: the message to edit is not there."""
    with pytest.raises(MessageGone):
        await channel.edit(HERE, "of-an-earlier-run", PageView(text="a", turn_id="q"))


async def test_activity_raises_nothing(channel: TerminalChannel, out: io.StringIO) -> None:
    await channel.show_activity(HERE)
    out.close()
    await channel.show_activity(HERE)
