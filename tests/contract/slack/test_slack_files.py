"""Files go out to Slack: three steps of the real SDK over real sockets."""

import asyncio

import pytest
from aiohttp import web

from adapters.slack.channel import SlackChannel
from bridge.domain.errors import (
    BridgeError,
    ChannelRateLimited,
    ChannelTokenRefused,
    ChannelUnavailable,
    FileUnreadable,
    LookupUnsupported,
    PageRejected,
    PlaceGone,
    PostUncertain,
)
from bridge.domain.files import Attachment, ResultFile
from bridge.domain.incoming import Question
from bridge.domain.threads import Address
from sandbox.faults import Fault, Gate
from sandbox.slack import SlackStandIn
from tests.contract.slack_steps import methods, question_of

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


# ------------------------------------------------------------ files come in


async def asked_with(slack: SlackStandIn, channel: SlackChannel, *files: dict[str, object]) -> Question:
    """Let a person ask with these files; return the question as it is understood."""
    event = {"subtype": "file_share", "files": list(files)}
    await slack.say("U0ADA", "C1", f"{slack.mention} what is this?", event=event)
    return question_of(slack, channel)


async def test_the_beginning_of_a_file_is_read_from_slacks_own_host(slack: SlackStandIn, channel: SlackChannel) -> None:
    """M9: no more of it than is wanted."""
    question = await asked_with(slack, channel, slack.api.files.attach("notes.txt", b"0123456789" * 100_000))
    (file,) = question.files
    assert (file.name, file.size, file.extension) == ("notes.txt", 1_000_000, "txt")
    assert await channel.files.read(question, file, 25) == b"0123456789012345678901234"
    (download,) = slack.downloads
    assert download.authorization == f"Bearer {slack.bot_token}"


async def test_no_other_host_is_asked_for_a_file_and_none_gets_the_token(
    slack: SlackStandIn, channel: SlackChannel
) -> None:
    """M9: whatever a file object claims."""
    seen: list[str] = []

    async def listen(request: web.Request) -> web.Response:
        seen.append(request.headers.get("Authorization", ""))
        return web.Response(text="secrets")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", listen)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    elsewhere = f"http://127.0.0.1:{runner.addresses[0][1]}/files-pri/x"
    own = slack.api_url.removesuffix("/api/")
    try:
        for address in (
            elsewhere,
            elsewhere.replace("http://", f"{own}@"),
            elsewhere.replace("127.0.0.1", "files.slack.com.evil.example"),
            own.replace("http://", "https://") + "/files-pri/x",
            own.replace("http://", "http://user:password@") + "/files-pri/x",
            "file:///etc/passwd",
            "http://[::1/x",
            "",
        ):
            question = await asked_with(slack, channel, slack.api.files.attach("notes.txt", b"x", address=address))
            with pytest.raises(FileUnreadable):
                await channel.files.read(question, Attachment("notes.txt", 1, address), 100)
        # A redirect is not followed either, with the token or without it.
        question = await asked_with(slack, channel, slack.api.files.attach("notes.txt", b"x"))
        slack.faults.arm(Fault("download", status=302, error=elsewhere))
        with pytest.raises(FileUnreadable, match="302"):
            await channel.files.read(question, question.files[0], 100)
    finally:
        await runner.cleanup()
    assert seen == []


async def test_files_that_slack_does_not_keep_have_no_address(slack: SlackStandIn, channel: SlackChannel) -> None:
    files = slack.api.files
    question = await asked_with(
        slack,
        channel,
        files.attach("linked.txt", b"x", is_external=True),
        files.attach("drive.txt", b"x", mode="external"),
        files.attach("gone.txt", b"x", mode="tombstone"),
        {"id": "F1"},
    )
    assert [file.ref for file in question.files] == ["", "", "", ""]
    assert question.has_files


async def test_without_the_scope_slacks_page_to_sign_in_is_no_file(slack: SlackStandIn, channel: SlackChannel) -> None:
    question = await asked_with(slack, channel, slack.api.files.attach("notes.txt", b"x"))
    slack.scopes.remove("files:read")
    with pytest.raises(FileUnreadable, match="files:read"):
        await channel.files.read(question, question.files[0], 100)


async def test_a_download_that_fails_says_so(slack: SlackStandIn, channel: SlackChannel) -> None:
    question = await asked_with(slack, channel, slack.api.files.attach("notes.txt", b"x"))
    slack.faults.arm(Fault("download", status=404))
    with pytest.raises(FileUnreadable):
        await channel.files.read(question, question.files[0], 100)
    slack.faults.arm(Fault("download", refuse=True, times=2))
    with pytest.raises(ChannelUnavailable):
        await channel.files.read(question, question.files[0], 100)
    gate = Gate()
    slack.faults.arm(Fault("download", hold=gate))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(channel.files.read(question, question.files[0], 100), 0.2)
    gate.open()
