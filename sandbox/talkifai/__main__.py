"""Start the stand-in alone: `python -m sandbox.talkifai --port 8090`."""

import argparse
import asyncio

from sandbox.talkifai.server import TalkifaiStandIn


async def _serve(port: int, pace: float) -> None:
    standin = TalkifaiStandIn(pace=pace)
    await standin.start(port)
    try:
        for name, value in standin.settings.items():
            print(f"{name}={value}", flush=True)
        await asyncio.Event().wait()
    finally:
        await standin.stop()
        print(f"{standin.book.opened} opened, {standin.book.ended} ended, {standin.book.open_now} left open")


def main() -> None:
    """Read the arguments and serve until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.talkifai", description="A stand-in for TalkifAI.")
    parser.add_argument("--port", type=int, default=8090, help="port on 127.0.0.1 (default 8090; 0: any free one)")
    parser.add_argument("--pace", type=float, default=1.0, help="factor for all pauses (default 1; 0: none)")
    arguments = parser.parse_args()
    try:
        asyncio.run(_serve(arguments.port, arguments.pace))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
