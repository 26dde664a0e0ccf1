"""`talkifai-bridge --version`."""

import pytest

from bridge import __version__
from bridge.app.cli import main


def test_the_command_says_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"talkifai-bridge {__version__}\n"
