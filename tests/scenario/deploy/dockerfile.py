"""The steps of the Dockerfile, taken without Docker: each path of the image is one below a folder of this machine."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.pseudo_terminal import ROOT

_STEP = re.compile(r"^([A-Z]+) +(.*)$")


@dataclass
class Image:
    """What the last stage of a Dockerfile has become."""

    root: Path
    """The folder that stands for `/`."""
    working_folder: Path = field(default_factory=Path)
    environment: dict[str, str] = field(default_factory=dict)
    user: str = ""
    entry: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)

    def path(self, name: str) -> Path:
        """Return what stands for a path of the image."""
        base = self.working_folder if not name.startswith("/") else self.root
        return base / name.lstrip("/")

    def inside(self, text: str) -> str:
        """Let every absolute path of a line lie in the image. `/opt/...` and `/requirements.txt`, say."""
        return re.sub(r"(?<![\w/.:])/(?=[a-z])", f"{self.root}/", text)


def steps_of(text: str) -> list[tuple[str, str]]:
    """Return the instructions with their arguments. Lines that are continued become one."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found = (_STEP.match(line) for line in "\n".join(lines).replace("\\\n", " ").splitlines())
    return [(step[1], step[2].strip()) for step in found if step]


def build(text: str, folder: Path) -> Image:
    """Take the steps in order; every stage has a folder. Raises `CalledProcessError` where a step fails."""
    stages: dict[str, Image] = {}
    image = Image(folder)
    for name, arguments in steps_of(text):
        if name == "FROM":
            stage = arguments.split()[2] if " AS " in arguments else f"stage{len(stages)}"
            image = stages[stage] = Image(folder / stage)
            image.root.mkdir()
        elif name == "COPY":
            _copy(stages, image, arguments)
        elif name == "RUN":
            _run(image, arguments)
        else:
            _set(image, name, arguments)
    return image


def _set(image: Image, name: str, arguments: str) -> None:
    match name:
        case "WORKDIR":
            image.working_folder = image.path(arguments)
        case "ENV":
            image.environment |= dict(pair.split("=", 1) for pair in shlex.split(image.inside(arguments)))
        case "USER":
            image.user = arguments
        case "ENTRYPOINT":
            image.entry = json.loads(arguments)
        case "CMD":
            image.command = json.loads(arguments)
        case "EXPOSE":
            return
        case _:
            raise AssertionError(f"what {name} does is not known here")


def _run(image: Image, arguments: str) -> None:
    # Packages come out of pip's cache where they can. The image's Python is the one of this machine.
    line = image.inside(arguments).replace(" --no-cache-dir", "").replace("python -m venv", f"{sys.executable} -m venv")
    subprocess.run(line, shell=True, check=True, cwd=image.root, timeout=280)  # noqa: S602 - the Dockerfile's own line


def _copy(stages: dict[str, Image], image: Image, arguments: str) -> None:
    source, target = arguments.split()[-2:]
    origin = re.search(r"--from=(\w+)", arguments)
    found = stages[origin[1]].path(source) if origin else ROOT / source
    if found.is_dir():
        # A virtual environment names its own folder in its scripts: what it is copied to is a link.
        ignored = shutil.ignore_patterns("__pycache__")
        if origin:
            image.path(target).parent.mkdir(parents=True, exist_ok=True)
            image.path(target).symlink_to(found)
        else:
            shutil.copytree(found, image.path(target), ignore=ignored)
    else:
        image.path(target).mkdir(parents=True, exist_ok=True)
        shutil.copy(found, image.path(target))
