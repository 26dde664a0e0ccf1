"""Each bench runs, in small. No time is asserted: what a machine does meanwhile is not known."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.docs_page import PAGE, paste

ROOT = Path(__file__).parents[2]


def bench(name: str, *arguments: str) -> str:
    command = [sys.executable, "-m", f"bench.{name}", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.timeout(120)
def test_the_bench_shows_every_bot_answering_rightly_on_every_service(tmp_path: Path) -> None:
    bench("compare", "--smoke", "--output", str(tmp_path))
    figures = json.loads((tmp_path / "compare.json").read_text())
    replies = {(one["service"], one["bot"]): one for one in figures["replies"]}
    assert set(replies) == {(service, bot) for service in ("slack", "telegram") for bot in ("bridge", "plain", "floor")}
    for one in replies.values():
        assert one["wrong"] == 0
        assert one["replies"] == 2
        assert one["first_s"]["most"] <= one["final_s"]["most"]
        assert one["peak_mb"] > 0
        assert 0 < one["staleness"] < 50
    assert replies["slack", "floor"]["calls"] == {"chat.postMessage": 2, "chat.update": 2}
    assert replies["telegram", "floor"]["calls"] == {"sendMessage": 2, "editMessageText": 2}
    table = (tmp_path / "compare.md").read_text()
    assert "| slack | bridge |" in table
    assert "of which the server has" in table


def test_figures_are_put_on_the_page_between_their_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Before.\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nAfter.\n")
    paste("bench", "new\n", page)
    assert page.read_text() == "Before.\n<!-- bench: begin -->\n\nnew\n\n<!-- bench: end -->\nAfter.\n"
    with pytest.raises(ValueError, match="no marks"):
        paste("scale", "new", page)
    for name in ("bench", "scale"):
        assert f"<!-- {name}: begin -->" in PAGE.read_text()


def test_the_bench_of_streams_reads_every_stream_to_its_end() -> None:
    assert "2 streams of 3 chunks on asyncio" in bench("stream", "--streams", "2", "--chunks", "3")


def test_the_bench_of_a_reply_shows_calls_and_looks_of_both_channels() -> None:
    rows = [line for line in bench("reply_cost", "1", "320").splitlines() if line.startswith("| 320 ")]
    assert [row.split(" | ")[1] for row in rows] == ["slack", "telegram"]
    assert all(int(row.strip(" |").split(" | ")[-1]) > 0 for row in rows)


def test_the_bench_of_rendering_measures_every_hostile_text_beside_prose() -> None:
    rows = bench("rendering", "200").splitlines()
    assert rows[0].startswith("| CPU milliseconds | look |")
    assert rows[-1].startswith("| prose |")


def test_the_bench_of_scale_claims_every_session_and_question(tmp_path: Path) -> None:
    sizes = ("--sessions", "300", "--questions", "200", "--seconds", "0.2")
    bench("scale", *sizes, "--output", str(tmp_path))
    figures = json.loads((tmp_path / "scale.json").read_text())
    assert figures["bytes a session"] > 300
    assert figures["bytes a question"] > 180
    assert set(figures["claims a second by workers"]) == {"1", "2", "4"}
    assert figures["claims a second by workers"]["1"] > 0
    assert "| bind, microseconds of the server |" in (tmp_path / "scale.md").read_text()


@pytest.mark.timeout(120)
def test_the_soak_counts_what_people_saw() -> None:
    some = ("Redis failed over", "TalkifAI hung up", "worker stopped")
    table = bench("soak", "--minutes", "0.1", "--threads", "4", "--workers", "1", "--faults", *some)
    rows = dict(line.split("  ", 1) for line in table.splitlines() if "  " in line)
    assert int(rows["questions"]) >= 4
    for row in ("answered twice", "never answered", "sent to TalkifAI twice", "sessions left open"):
        assert int(rows[row]) == 0
