"""Links that could mislead are shown as words."""

import pytest

from adapters.slack.format.links import disarm_links


@pytest.mark.parametrize(
    "markdown",
    [
        "[the docs](https://docs.example.com/a_(b))",
        "[docs.example.com](https://docs.example.com)",
        "[www.example.com](http://docs.example.com/x)",
        "[write](mailto:a@example.com)",
        "[a@example.com](mailto:a@example.com)",
        "![a chart](https://example.com/chart.png)",
        "`handlers[name](args)` and\n```py\nhandlers[name](args)\n[x]: y\n```\n",
        "    handlers[name](args)\n",
        "in [brackets]: and (so) on",
        "- [ ] to do\n- [x] done",
        "[https://example.com/index.html](https://example.com/index.html)",
        "[example.com/docs.html](https://example.com/docs.html)",
        "[Learn .NET](https://example.com) or [e.g. this](https://example.com)",
        "[version v1.2.3.4](https://example.com)",
        "[192.168.1.1](http://192.168.1.1:8080/)",
        "[**docs_a.example.com**](https://docs_a.example.com)",
        "[bücher.example](https://bücher.example/a@b)",
    ],
)
def test_honest_links_and_code_stay(markdown: str) -> None:
    assert disarm_links(markdown) == markdown


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("[click](javascript:alert(1))", "[click]\\(javascript:alert(1))"),
        ("[click](slack://user?id=U1)", "[click]\\(slack://user?id=U1)"),
        ("[click](&#106;avascript:x)", "[click]\\(&#106;avascript:x)"),
        ("[click](<data:x>)", "[click]\\(<data:x>)"),
        ("[bank.example](https://evil.example)", "[bank.example]\\(https://evil.example)"),
        (
            "[https://bank.example](https://bank.example@evil.example)",
            "[https://bank.example]\\(https://bank.example@evil.example)",
        ),
        ("[bank&#46;example](https://evil.example)", "[bank&#46;example]\\(https://evil.example)"),
        ("[bank\u200b.example](https://evil.example)", "[bank\u200b.example]\\(https://evil.example)"),
        ("[bank\uff0eexample](https://evil.example)", "[bank\uff0eexample]\\(https://evil.example)"),
        ("[evil.example.com](https://evil.example)", "[evil.example.com]\\(https://evil.example)"),
        ("[a@bank.example](mailto:a@evil.example)", "[a@bank.example]\\(mailto:a@evil.example)"),
        ("[r]: javascript:x", "[r]\\: javascript:x"),
        ("> [r]: https://x.example", "> [r]\\: https://x.example"),
        ("```\n    ```\n```\n[b.example](https://e.example)", "```\n    ```\n```\n[b.example]\\(https://e.example)"),
        ("\\`[x](javascript:y)\\`", "\\`[x]\\(javascript:y)\\`"),
        ("![x](data:image/png)", "![x]\\(data:image/png)"),
        (f"[{'x' * 500}](https://e.example)", f"[{'x' * 500}]\\(https://e.example)"),
        ("é [ä.example](https://ö.example) é", "é [ä.example]\\(https://ö.example) é"),
        ("[**bank**.example](https://evil.example)", "[**bank**.example]\\(https://evil.example)"),
        ("[`bank`.example](https://evil.example)", "[`bank`.example]\\(https://evil.example)"),
        ("[bank\u3002example](https://evil.example)", "[bank\u3002example]\\(https://evil.example)"),
        ("[bank\uff61example](https://evil.example)", "[bank\uff61example]\\(https://evil.example)"),
        ("[192.168.1.1](https://evil.example)", "[192.168.1.1]\\(https://evil.example)"),
        ("[https://bank](https://evil.example)", "[https://bank]\\(https://evil.example)"),
        ("[bank .com](https://evil.example)", "[bank .com]\\(https://evil.example)"),
        (
            "[bank.example](https://bank.example\\@evil.example)",
            "[bank.example]\\(https://bank.example\\@evil.example)",
        ),
        (
            "[bank.example](https://bank.example&#64;evil.example)",
            "[bank.example]\\(https://bank.example&#64;evil.example)",
        ),
        ("[bank.example](mailto:a@evil.example,b@bank.example)", None),
        ('<b x="`"> ` [bank.example](https://evil.example) `', None),
        (
            "[x](foo`) ` [bank.example](https://evil.example) `\n\n`call[0](x)`",
            "[x]\\(foo`) ` [bank.example]\\(https://evil.example) `\n\n`call[0](x)`",
        ),
        ("[x]: foo`\n` [bank.example](https://evil.example) `", None),
        ("| a | b |\n|---|---|\n| ` | [bank.example](https://evil.example) ` |", None),
        ("[bank.example ![x](https://x.example/[) ](https://evil.example)", None),
    ],
)
def test_other_links_lose_their_meaning_and_keep_their_words(markdown: str, shown: str | None) -> None:
    """A6: the address is visible; only http, https and mailto are links."""
    disarmed = disarm_links(markdown)
    assert disarmed.replace("]\\", "]") == markdown
    assert "](https://evil" not in disarmed
    assert shown in (disarmed, None)
