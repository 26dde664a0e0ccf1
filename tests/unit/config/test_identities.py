"""The operator's file of people and their addresses."""

from pathlib import Path

import pytest

from config.values.telegram_emails import read_identities


def written(folder: Path, text: str) -> str:
    file = folder / "people.txt"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    return str(file)


def test_one_person_a_line(tmp_path: Path) -> None:
    text = "\ufeff# people\n\n123 ada@example.com\n  9007199254740993\tbob+x@mail.example.org  \r\n"
    assert read_identities(written(tmp_path, text)) == {
        "123": "ada@example.com",
        "9007199254740993": "bob+x@mail.example.org",
    }


@pytest.mark.parametrize(
    "line",
    [
        "123",
        "ada@example.com 123",
        "123 ada",
        "123, ada@example.com",
        "123 a@b.c x",
        "-123 a@b.c",
        "1 a@b.c,d@e.f",
        "7 x@y.z",
    ],
)
def test_a_line_that_is_no_pair_is_named_and_not_shown(tmp_path: Path, line: str) -> None:
    with pytest.raises(ValueError, match="line 2 ") as wrong:
        read_identities(written(tmp_path, f"7 x@y.z\n{line}\n"))
    assert "a@b.c" not in str(wrong.value)


@pytest.mark.parametrize("content", [None, "123 ada@example.com\n\udcff"])
def test_a_file_that_cannot_be_read_is_said(tmp_path: Path, content: str | None) -> None:
    path = str(tmp_path) if content is None else written(tmp_path, content)
    with pytest.raises(ValueError, match="names a file that"):
        read_identities(path)
    with pytest.raises(ValueError, match="cannot be read"):
        read_identities(str(tmp_path / "nowhere.txt"))
