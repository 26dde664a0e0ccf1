"""Files go out to Slack: three steps of the real SDK over real sockets."""

import pytest

from adapters.slack.channel import SlackChannel
from bridge.domain.errors import (
    BridgeError,
    ChannelRateLimited,
    ChannelTokenRefused,
    ChannelUnavailable,
    LookupUnsupported,
    PageRejected,
    PlaceGone,
    PostUncertain,
)
from bridge.domain.files import ResultFile
from bridge.domain.threads import Address
from sandbox.faults import Fault
from sandbox.slack import SlackStandIn
from tests.contract.slack_steps import methods

FILE = ResultFile("answer.md", "# All of it\n\nGrüße 😀\n")
COMPLETE, BEGIN = "files.completeUploadExternal", "files.getUploadURLExternal"


def turn_of(address: Address) -> str:
    return f"slack:{address.account}:{address.place}:{address.thread}"


async def test_a_file_goes_up_unseen_and_is_shown_in_the_thread(
    slack: SlackStandIn, channel: SlackChannel, address: Address
) -> None:
    file_id = await channel.files.upload(address, FILE)
    assert slack.ledger.shown("C1", address.thread) == []
    await channel.files.share(address, FILE, file_id)
    (shown,) = slack.ledger.shown("C1", address.thread)
    assert shown.text == "[answer.md]"
    kept = slack.api.files.files[file_id]
    assert (kept.content, kept.title, kept.shares) == (FILE.content, "answer.md", 1)
    assert methods(slack) == [BEGIN, COMPLETE]


async def test_a_file_that_was_shown_is_found_and_another_is_not(
    slack: SlackStandIn, channel: SlackChannel, address: Address
) -> None:
    file_id = await channel.files.upload(address, FILE)
    assert not await channel.files.is_shared(address, turn_of(address), file_id)
    slack.faults.arm(Fault(COMPLETE, lose_answer=True))
    with pytest.raises(PostUncertain):
        await channel.files.share(address, FILE, file_id)
    assert await channel.files.is_shared(address, turn_of(address), file_id)
    assert slack.api.files.files[file_id].shares == 1


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("file_uploads_disabled", PageRejected),
        ("file_upload_size_restricted", PageRejected),
        ("ratelimited", ChannelRateLimited),
        ("internal_error", ChannelUnavailable),
        ("channel_not_found", PlaceGone),
    ],
)
async def test_a_refusal_says_what_to_do(
    slack: SlackStandIn, channel: SlackChannel, address: Address, code: str, error: type[BridgeError]
) -> None:
    slack.faults.arm(Fault(BEGIN, error=code))
    with pytest.raises(error):
        await channel.files.upload(address, FILE)


async def test_without_the_scope_the_operator_reads_what_is_missing(
    slack: SlackStandIn, channel: SlackChannel, address: Address
) -> None:
    slack.scopes.remove("files:write")
    with pytest.raises(ChannelTokenRefused, match="missing_scope"):
        await channel.files.upload(address, FILE)


@pytest.mark.parametrize(("status", "error"), [(400, PageRejected), (302, PageRejected), (503, ChannelUnavailable)])
async def test_an_upload_that_is_not_taken_shows_nothing(
    slack: SlackStandIn, channel: SlackChannel, address: Address, status: int, error: type[BridgeError]
) -> None:
    slack.faults.arm(Fault("upload", status=status))
    with pytest.raises(error):
        await channel.files.upload(address, FILE)
    slack.faults.arm(Fault("upload", refuse=True))
    with pytest.raises(ChannelUnavailable):
        await channel.files.upload(address, FILE)
    assert slack.ledger.shown("C1", address.thread) == []


async def test_nothing_is_uploaded_to_another_host(
    slack: SlackStandIn, channel: SlackChannel, address: Address
) -> None:
    slack.api.files.uploads_to = "http://127.0.0.1:9"
    with pytest.raises(PageRejected):
        await channel.files.upload(address, FILE)


async def test_without_the_right_to_read_no_file_can_be_found(
    slack: SlackStandIn, channel: SlackChannel, address: Address
) -> None:
    file_id = await channel.files.upload(address, FILE)
    slack.scopes.remove("channels:history")
    with pytest.raises(LookupUnsupported):
        await channel.files.is_shared(address, turn_of(address), file_id)
