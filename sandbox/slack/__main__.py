"""`python -m sandbox.slack --port 8701`: the stand-in alone, with two people, a channel and two DMs."""

import argparse
import asyncio
import contextlib

from sandbox.slack.server import SlackStandIn


def furnish(slack: SlackStandIn) -> None:
    """Add people and places."""
    slack.person("Ada", "U0ADA", "ada@example.com")
    slack.person("Linus", "U0LINUS", "linus@example.com")
    slack.add_channel("C0GENERAL", "general")
    slack.add_channel("D0ADA")
    slack.add_channel("D0LINUS")


async def serve(port: int) -> None:
    """Run until interrupted."""
    async with SlackStandIn(port=port) as slack:
        furnish(slack)
        print(f"SLACK_API_URL={slack.api_url}")
        print(f"SLACK_BOT_TOKEN={slack.bot_token}")
        print(f"SLACK_APP_TOKEN={slack.app_token}")
        url = slack.api_url.replace("/api/", "/sandbox/say")
        asked = '{"user": "U0ADA", "channel": "D0ADA", "text": "hello"}'
        print(f"# To write as Ada: curl -H 'Content-Type: application/json' -d '{asked}' {url}", flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.slack", description="A stand-in for Slack.")
    parser.add_argument("--port", type=int, default=0, help="the port on 127.0.0.1 (default: a free one)")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(parser.parse_args().port))


if __name__ == "__main__":
    main()
