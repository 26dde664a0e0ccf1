"""`talkifai-sandbox chat`: talk to a scripted agent in this terminal, without an account."""

import asyncio
import sys
import tempfile

from bridge.app.chat import chat_settings, run_chat
from sandbox.talkifai.agents import SANDBOX_API_KEY, TEXT_AGENT_ID
from sandbox.talkifai.server import TalkifaiStandIn

_INTERRUPTED = 130
"""128 and the number of SIGINT, as shells count."""


async def serve_chat() -> None:
    """Serve the terminal with a local stand-in for TalkifAI."""
    with tempfile.TemporaryDirectory(prefix="talkifai-bridge-") as folder:
        async with TalkifaiStandIn(pace=1.0) as stand_in:
            overrides = {
                "TALKIFAI_BASE_URL": stand_in.base_url,
                "TALKIFAI_API_KEY": SANDBOX_API_KEY,
                "TALKIFAI_AGENT_ID": TEXT_AGENT_ID,
                "TALKIFAI_STUDIO_TOKEN": "",
                "REDIS_URL": "",
                "BRIDGE_DATA_DIR": folder,
            }
            await run_chat(chat_settings(overrides))


def main() -> int:
    """Talk until the person leaves; return the exit code."""
    try:
        asyncio.run(serve_chat())
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
