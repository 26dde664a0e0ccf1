import pytest

from config.values.mentions import Mentions, mentions


def test_a_list_is_read_exactly() -> None:
    read = mentions("U024BE7LH, W1, S0614TZR7 ,C024BE7LR,<#C2>,here,channel,everyone,@Anna_K")
    assert read == Mentions(
        slack=frozenset(
            {"<@U024BE7LH>", "<@W1>", "<!subteam^S0614TZR7>", "<#C024BE7LR>", "<#C2>"}
            | {"<!here>", "<!channel>", "<!everyone>"}
        ),
        telegram=frozenset({"anna_k"}),
    )


def test_nothing_is_allowed_by_default() -> None:
    assert Mentions() == Mentions(frozenset(), frozenset())


@pytest.mark.parametrize(
    "wrong",
    [
        "*",
        "all",
        "U1,,U2",
        "U1;U2",
        "u024be7lh",
        "U024|boss",
        "<@U024BE7LH>",
        "<!here>",
        "HERE",
        "CHANNEL",
        "Everyone",
        "@here there",
        "@a",
        "@1name",
        "@näme_x",
        "anna_k",
        "D024BE7LR",
        "U1>",
        "S1>@here<!channel",
        "<#C1|general>",
        ",".join(["U1"] * 101),
    ],
)
def test_what_names_nobody_exactly_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"\. List, separated by commas"):
        mentions(wrong)
