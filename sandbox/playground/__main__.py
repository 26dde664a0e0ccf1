"""`python -m sandbox.playground`: see it, touch it, break it, in a browser and without any account."""

import sys

INTERRUPTED = 130
"""128 and the number of SIGINT, as shells count."""


def main() -> int:
    """Run the playground; return the exit code."""
    try:
        # Ctrl-C may also come while the libraries are being loaded.
        from sandbox.playground.command import run  # noqa: PLC0415 - the reason stands above

        return run(sys.argv[1:])
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
