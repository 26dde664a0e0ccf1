"""Every row of the acceptance matrix has a test, or says why it is open."""

from tests.acceptance import MATRIX, OPEN, covering_tests, rows, written

_TEXT = MATRIX.read_text(encoding="utf-8")


def test_every_row_is_tested_or_says_why_it_is_open() -> None:
    covered = covering_tests()
    silent = [row for row, last in rows(_TEXT).items() if row not in covered and not last.startswith(OPEN)]
    assert silent == []


def test_every_id_that_a_test_names_is_a_row() -> None:
    assert set(covering_tests()) - set(rows(_TEXT)) == set()


def test_the_matrix_names_the_tests_as_they_are() -> None:
    """Mend with `python -m tests.acceptance`."""
    assert written(_TEXT, covering_tests()) == _TEXT


def test_a_row_without_a_test_would_be_found() -> None:
    text = "| D1 | a fault | one reply | `test_gone` |\n"
    assert rows(text) == {"D1": "`test_gone`"}
    assert not rows(text)["D1"].startswith(OPEN)
