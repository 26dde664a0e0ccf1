"""What a label makes people believe."""

import pytest

from bridge.markdown.sanitize import hosts_in


@pytest.mark.parametrize(
    ("label", "hosts"),
    [
        ("the docs, see e.g. page 3", []),
        ("Learn .NET and keep the .env file", []),
        ("v1.2.3.4 and 120.0.6099.109", []),
        ("WWW.Bank.Example", ["bank.example"]),
        ("at bank.example or 10.0.0.1", ["bank.example", "10.0.0.1"]),
        ("bank.example:8080/index.html?next=other.example", ["bank.example"]),
        ("bank.example/ other.example", ["bank.example", "other.example"]),
        ("bank.example/\u3164other.example", ["bank.example", "other.example"]),
        ("https://user@bank:80/x.html", ["user", "bank"]),
        ("bank.xn--p1ai", ["bank.xn--p1ai"]),
        ("b\u00adan\u200bk\u034f\uff61e\ufe0fxample", ["bank.example"]),
        ("bank . com", ["bank.com"]),
        ("\u24d1\u24d0\u24dd\u24da.example", ["bank.example"]),
        ("a." * 20_000, []),
    ],
)
def test_a_label_names_the_hosts_that_people_read(label: str, hosts: list[str]) -> None:
    assert hosts_in(label) == hosts
