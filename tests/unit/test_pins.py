"""The pins are a closed set: nothing has to be resolved when they are installed, on any supported Python."""

import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

_ROOT = Path(__file__).resolve().parents[2]
_PROJECT: dict[str, Any] = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

# What each file is compiled from: extras of the project, and further files.
_FILES = {
    "requirements.txt": ([], []),
    "requirements-embedded.txt": (["embedded"], ["requirements-build.in"]),
    "requirements-otel.txt": (["otel"], []),
    "requirements-dev.txt": (["embedded", "otel", "dev"], ["requirements-build.in"]),
}
_PYTHONS = ("3.11.0", "3.11.2", "3.11.3", "3.11.7", "3.12.0", "3.12.1", "3.13.0", "3.13.9", "3.14.0", "3.14.2")
_PLATFORMS = (
    {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "x86_64"},
    {"sys_platform": "linux", "platform_system": "Linux", "platform_machine": "aarch64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "x86_64"},
)
# Pinned, but not installed on every Python or platform. Their metadata cannot always be read; they ask for nothing.
_ASK_FOR_NOTHING = {"async-timeout", "colorama", "tdjson", "tzdata"}


def _environment(python: str, platform: dict[str, str]) -> dict[str, str]:
    known = {name: str(value) for name, value in default_environment().items()}
    version = {
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
        "implementation_version": python,
    }
    return {
        **known,
        **version,
        **platform,
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }


@cache
def _requirements(text: str) -> Sequence[Requirement]:
    """Read a file. Each is read for every Python and platform, and reading takes longest."""
    lines = (line.partition("#")[0].rstrip().removesuffix("\\").strip() for line in text.splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("--hash=")]


def _applies(requirement: Requirement, environment: dict[str, str], extras: frozenset[str] = frozenset()) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({**environment, "extra": extra}) for extra in {"", *extras})


def _pins(name: str, environment: dict[str, str]) -> dict[str, Requirement]:
    pins = [pin for pin in _requirements((_ROOT / name).read_text(encoding="utf-8")) if _applies(pin, environment)]
    found: dict[str, Requirement] = {canonicalize_name(pin.name): pin for pin in pins}
    assert len(found) == len(pins), f"{name} pins something twice"
    return found


@cache
def _installed(name: str) -> tuple[str, SpecifierSet, Sequence[Requirement]]:
    """Return the version, the Pythons and the requirements of what is installed. Raises `PackageNotFoundError`."""
    # Its metadata are parsed once, and not for every Python and platform: that takes longer than all the rest.
    found = distribution(name)
    metadata, requires = found.metadata, found.requires or []
    pythons = SpecifierSet(",".join(metadata.get_all("Requires-Python") or []))
    return metadata["Version"], pythons, [Requirement(text) for text in requires]


def _version(pin: Requirement) -> str:
    (only,) = pin.specifier
    assert only.operator == "=="
    return only.version


def _wanted(name: str) -> list[Requirement]:
    extras, files = _FILES[name]
    texts = [*_PROJECT["dependencies"]]
    for extra in extras:
        texts += _PROJECT["optional-dependencies"][extra]
    return [Requirement(text) for text in texts] + [
        requirement for file in files for requirement in _requirements((_ROOT / file).read_text(encoding="utf-8"))
    ]


def _gaps(name: str, environment: dict[str, str]) -> Iterator[str]:
    """Name each requirement that no pin meets."""
    python = environment["python_full_version"]
    pins = _pins(name, environment)
    asked = [("the project", requirement) for requirement in _wanted(name) if _applies(requirement, environment)]
    for pinned, pin in pins.items():
        try:
            version, pythons, requirements = _installed(pinned)
        except PackageNotFoundError:
            if pinned not in _ASK_FOR_NOTHING:
                yield f"{pinned} is pinned, but not installed: install requirements-dev.txt"
            continue
        if version != _version(pin):
            yield f"{pinned} {version} is installed, not {pin}: install requirements-dev.txt"
        if python not in pythons:
            yield f"{pin} does not support Python {python}"
        asked += [
            (pinned, requirement)
            for requirement in requirements
            if _applies(requirement, environment, frozenset(pin.extras))
        ]
    for by, requirement in asked:
        pin_of_it = pins.get(canonicalize_name(requirement.name))
        if pin_of_it is None:
            yield f"{by} asks for {requirement}, which is not pinned"
        elif not requirement.specifier.contains(_version(pin_of_it), prereleases=True):
            yield f"{by} asks for {requirement}, but {pin_of_it} is pinned"
        elif not requirement.extras <= pin_of_it.extras:
            yield f"{by} asks for {requirement}, but {pin_of_it} lacks the extra"


@pytest.mark.parametrize("python", _PYTHONS)
@pytest.mark.parametrize("name", _FILES)
def test_each_requirement_of_the_pins_is_pinned(name: str, python: str) -> None:
    gaps = {gap for platform in _PLATFORMS for gap in _gaps(name, _environment(python, platform))}
    assert sorted(gaps) == []


def test_these_pythons_are_the_supported_ones() -> None:
    supported = SpecifierSet(_PROJECT["requires-python"])
    minors = {python.rpartition(".")[0] for python in _PYTHONS}
    assert minors == {minor for minor in (f"3.{number}" for number in range(30)) if f"{minor}.0" in supported}


def test_what_asks_for_nothing_does_so_where_it_is_installed() -> None:
    for name in _ASK_FOR_NOTHING:
        try:
            requires = distribution(name).requires
        except PackageNotFoundError:
            continue
        assert not requires, f"{name} asks for {requires}"


@pytest.mark.parametrize("name", _FILES)
def test_the_files_agree(name: str) -> None:
    environment = _environment("3.11.0", _PLATFORMS[0])
    largest = _pins("requirements-dev.txt", environment)
    for pinned, pin in _pins(name, environment).items():
        assert largest[pinned].specifier == pin.specifier


def test_a_gap_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = _environment("3.11.2", _PLATFORMS[0])
    pins = _pins("requirements-dev.txt", environment)
    del pins["async-timeout"]
    pins["coverage"] = Requirement(str(pins["coverage"]).replace("[toml]", ""))
    monkeypatch.setattr(f"{__name__}._pins", lambda *_: pins)
    gaps = " ".join(_gaps("requirements-dev.txt", environment))
    assert "redis asks for async-timeout" in gaps
    assert "pytest-cov asks for coverage[toml]" in gaps
