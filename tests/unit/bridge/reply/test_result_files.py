"""Which files an answer comes with."""

import pytest

from bridge.domain.files import ResultFile
from bridge.reply.result_files import files_of
from tests.fakes import FakeChannel

CODE = "\n".join(f"print({number})" for number in range(400))
ROWS = "\n".join(f"| {number} | {number * number} |" for number in range(300))


def fits(text: str) -> bool:
    return FakeChannel(page_size=2000).fits(text)


def test_an_answer_of_which_the_beginning_shows_comes_whole_as_markdown() -> None:
    text = "# A title\n\n" + "Words. " * 900
    assert files_of(text, fits, is_held=True) == [ResultFile("answer.md", text, is_whole=True)]
    assert files_of(text, fits, is_held=False) == []


@pytest.mark.parametrize(
    ("language", "extension"),
    [
        ("python", "py"),
        ("JSON", "json"),
        ("", "txt"),
        ("../../etc/passwd", "txt"),
        ("c++ title=x", "cpp"),
        ("exe", "txt"),
    ],
)
def test_code_that_no_message_takes_is_a_file_of_its_own_with_an_extension_of_ours(
    language: str, extension: str
) -> None:
    (file,) = files_of(f"Here:\n\n```{language}\n{CODE}\n```\n\nThat is it.", fits, is_held=False)
    assert (file.name, file.text) == (f"code-1.{extension}", f"{CODE}\n")


def test_code_in_a_quote_or_a_list_loses_the_marks_around_it() -> None:
    quoted = "\n".join(f"> {line}" for line in f"```sh\n{CODE}\n```".split("\n"))
    listed = "- item\n\n" + "\n".join(f"  {line}" for line in f"~~~sh\n{CODE}\n~~~".split("\n"))
    for text in (quoted, listed):
        (file,) = files_of(text, fits, is_held=False)
        assert (file.name, file.text) == ("code-1.sh", f"{CODE}\n")


def test_a_long_table_is_a_file_and_a_short_block_is_none() -> None:
    text = f"```\nshort\n```\n\n| a | b |\n|---|---|\n{ROWS}\n\nAnd then.\n\n```py\n{CODE}"
    table, code = files_of(text, fits, is_held=False)
    assert (table.name, table.text) == ("table-1.md", f"| a | b |\n|---|---|\n{ROWS}\n")
    assert (code.name, code.text) == ("code-2.py", f"{CODE}\n")


def test_there_are_five_files_at_most_and_each_can_be_written() -> None:
    block = f"```\n{CODE}\n```\n\n"
    files = files_of(block * 9 + "\ud800", fits, is_held=True)
    assert [file.name for file in files] == ["answer.md", *(f"code-{number}.txt" for number in range(1, 5))]
    assert files[0].content.decode("utf-8").endswith("?")
