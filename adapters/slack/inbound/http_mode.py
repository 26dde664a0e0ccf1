"""HTTP mode: Slack calls us. Signed requests alone are read, and answered after what they tell was kept."""

import asyncio
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from time import time

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

from adapters.slack.inbound.bolt_app import WRONG_SHAPE
from adapters.slack.inbound.event_handler import SlackIntake
from bridge.ports.http import WebAnswer, WebRequest, WebRoutes

_LOG = logging.getLogger(__name__)
EVENTS_PATH = "/slack/events"
_SIGNATURE, _SIGNED_AT = "x-slack-signature", "x-slack-request-timestamp"
_SIGNATURE_FORM, _SIGNED_AT_FORM = re.compile("v0=[0-9a-f]{64}"), re.compile("[0-9]{1,12}")
_SIGNED_WITHIN_S = 300
"""Docs: authentication/verifying-requests-from-slack."""
LARGEST_BODY = 1024 * 1024
"""Bytes. The longest message, 40,000 characters, comes twice in an event (as text and as blocks), with up to twelve
bytes for one that is not of the Latin alphabet: it is refused with a notice, not lost. Only a request whose headers can
be signed gets as far, and all bodies together have a bound of their own."""
_UNSIGNED, _FAILED, _DELIVER_AGAIN, _ACKNOWLEDGED = 401, 500, 503, 200


@dataclass(frozen=True, slots=True)
class Web:
    """How Slack reaches us."""

    routes: WebRoutes
    signing_secret: str = field(default="", repr=False)
    """Empty where events come over sockets."""


class EventRequests:
    """Answers what Slack posts: events, presses, commands. An answer of 5xx has Slack deliver an event again."""

    def __init__(self, app: AsyncApp, intake: SlackIntake, signing_secret: str, answer_within_s: float) -> None:
        self._app = app
        self._intake = intake
        self._answer_within_s = answer_within_s
        self._verifier = SignatureVerifier(signing_secret)

    def may_be_signed(self, headers: Mapping[str, str]) -> bool:
        """Say whether the headers can be those of a signed request of the last five minutes.

        The signature is over the body, so this only spares the bodies of those who do not even try.
        """
        signed_at = headers.get(_SIGNED_AT, "")
        if not _SIGNED_AT_FORM.fullmatch(signed_at) or not _SIGNATURE_FORM.fullmatch(headers.get(_SIGNATURE, "")):
            return False
        return abs(time() - int(signed_at)) <= _SIGNED_WITHIN_S

    async def answer(self, request: WebRequest) -> WebAnswer:
        """Take one request. One without a right signature is answered with 401 and nothing else."""
        if not self._is_signed(request):
            return WebAnswer(_UNSIGNED)
        # In a task of its own: the server's goes on with the next request of the connection, and the intake waits
        # for those that are not done.
        async with asyncio.TaskGroup() as tasks:
            answering = tasks.create_task(self._handle(request))
        return answering.result()

    def _is_signed(self, request: WebRequest) -> bool:
        """Verify the signature, over the bytes that came, of the last five minutes.

        bolt does the same, but parses the body first, and stumbles over a date that is no number.
        """
        try:
            return self._verifier.is_valid(
                request.body, request.headers.get(_SIGNED_AT), request.headers.get(_SIGNATURE)
            )
        except (TypeError, ValueError):
            return False

    async def _handle(self, request: WebRequest) -> WebAnswer:
        try:
            async with asyncio.timeout(self._answer_within_s):
                read = AsyncBoltRequest(body=request.body.decode(), headers=dict(request.headers))
                answer = await self._app.async_dispatch(read)
        except TimeoutError:
            _LOG.warning("Slack was not answered in time: it delivers again.")
            return WebAnswer(_DELIVER_AGAIN)
        except WRONG_SHAPE:
            return self._passed_over()
        if answer.status >= _FAILED and not self._intake.was_reached():
            return self._passed_over()
        return WebAnswer(answer.status, answer.body, tuple(answer.first_headers().items()))

    def _passed_over(self) -> WebAnswer:
        """Acknowledge what bolt stumbled on, on the way to the intake: it would again at each redelivery."""
        self._intake.say_once("a payload with parts of the wrong type")
        return WebAnswer(_ACKNOWLEDGED)
