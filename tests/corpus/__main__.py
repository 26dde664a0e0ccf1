"""Write the golden files anew."""

from tests.corpus.shown import ANSWERS, GOLDEN, golden_files

if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for old in GOLDEN.glob("*.txt"):
        old.unlink()
    for answer in ANSWERS:
        for path, text in golden_files(answer):
            path.write_text(text, encoding="utf-8")
