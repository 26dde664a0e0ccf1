"""What every command prints, whole: compared with files, which `pytest tests/outputs --write-outputs` writes anew."""

from pathlib import Path

import pytest

from sandbox.stage import Stage
from tests.outputs.cases import CASES, Case
from tests.outputs.commands import output_of
from tests.outputs.known_state import write_known_state

pytestmark = [pytest.mark.scenario, pytest.mark.timeout(150)]

_TOML = """\
[agents]
support = "3f2b8a54-6c1d-4e0f-9a77-51d0c2b7e901"

[slack]
prompts = ["What is new?", "Sum up this channel"]

[[routes]]
channel = "slack"
place = "C0HELP"
agent = "support"
idle_timeout = 300
access = { denied_users = ["U0BEN"] }

[texts.de]
busy = "Gerade ist viel los. Frag bitte gleich noch einmal."
"""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_command_prints_what_is_written(
    case: Case, redis_url: str, short_tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A3: no secret is in any output."""
    prefix = f"outputs-{case.name}"
    (short_tmp_path / "bridge.toml").write_text(_TOML)
    (short_tmp_path / "bridge.toml").chmod(0o600)
    async with Stage() as stage:
        await write_known_state(redis_url, prefix, stage.talkifai)
        stands = stage.settings
        typed = "".join(f"{line}\n" for line in case.typed).format_map(stands)
        given = {**stands, "REDIS_URL": redis_url, "BRIDGE_KEY_PREFIX": prefix, **case.settings}
        given = {name: value for name, value in given.items() if value}
        printed = [await output_of(command, given, short_tmp_path, case.columns, typed) for command in case.commands]
    text = "\n".join(printed)

    secrets = [value for name, value in stands.items() if name.endswith(("_TOKEN", "_KEY"))]
    assert not [secret for secret in (*secrets, "canary", "eyJ") if secret in text]
    if request.config.getoption("--write-outputs"):
        case.file.write_text(text)
    assert text == case.file.read_text()
