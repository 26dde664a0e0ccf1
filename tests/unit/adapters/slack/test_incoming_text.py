"""What a person typed is made readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.format.mrkdwn import mentions, to_plain_words


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        ("<@UBOT> hello", "hello"),
        ("<@UBOT|talkifai>, hello", "hello"),
        ("hey <@UBOT> there", "hey there"),
        ("one\n<@UBOT>\ntwo", "one\n \ntwo"),
        (", so?", ", so?"),
        ("ask <@U2> or <@U3|bob> in <#C1|general>, <#C2>", "ask @U2 or @bob in #general, #C2"),
        ("<!here> <!subteam^S1|@ops> <!subteam^S2> <!date^1^{date}|May 1>", "@here @ops @subteam May 1"),
        ("<https://x.example/a?b=1&amp;c=2>", "https://x.example/a?b=1&c=2"),
        ("<https://x.example|the page>", "the page (https://x.example)"),
        ("<http://x.example|x.example>", "http://x.example"),
        ("<mailto:a@x.example|a@x.example>", "a@x.example"),
        ("if a &lt; b &amp;&amp; c &gt; d", "if a < b && c > d"),
        ("&amp;lt; stays", "&lt; stays"),
        ("&copy; stays", "&copy; stays"),
        ("a < b", "a < b"),
        ("half \ud83d", "half ?"),
    ],
)
def test_slacks_signs_become_words(wire: str, words: str) -> None:
    assert to_plain_words(wire, "UBOT") == words


@pytest.mark.parametrize(
    ("wire", "words"),
    [
        ("a" + " " * 200_000 + "b", "a" + " " * 200_000 + "b"),
        ("<@UBOT|" * 50_000, "<@UBOT|" * 50_000),
        (" \t" * 100_000 + "<@UBOT> so?", "so?"),
    ],
    ids=["blanks", "mentions that never end", "blanks before a mention"],
)
def test_a_long_run_of_anything_is_read_in_a_moment(wire: str, words: str) -> None:
    """Read by the square of its length, the first would take minutes, and no one would be served meanwhile."""
    assert to_plain_words(wire, "UBOT") == words


def test_only_the_bots_own_mention_counts() -> None:
    assert mentions("hi <@UBOT>", "UBOT")
    assert mentions("hi <@UBOT|talkifai>", "UBOT")
    assert not mentions("hi <@UBOT2> &lt;@UBOT&gt;", "UBOT")


@given(st.text())
def test_what_a_person_wrote_arrives_as_it_was(written: str) -> None:
    wire = written.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert to_plain_words(wire, "UBOT") == written.strip()
