"""Start the stand-in alone: `python -m sandbox.telegram --port 8081`."""

import argparse
import asyncio

from sandbox.telegram.server import TelegramStandIn


async def _serve(port: int) -> None:
    async with TelegramStandIn(port=port) as standin:
        ada = standin.person("Ada", "ada")
        standin.private_chat(ada)
        print("A Telegram for this machine. Start the bridge with:")
        print(f"TELEGRAM_API_URL={standin.api_url}")
        print(f"TELEGRAM_BOT_TOKEN={standin.token}")
        url = f"{standin.api_url}/sandbox/say"
        print(
            f"# To write as Ada: curl -H 'Content-Type: application/json' -d '{{\"text\": \"hello\"}}' {url}",
            flush=True,
        )
        await asyncio.Event().wait()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.telegram", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="the port on 127.0.0.1 (default: a free one)")
    try:
        asyncio.run(_serve(parser.parse_args().port))
    except KeyboardInterrupt:
        print()


if __name__ == "__main__":
    main()
