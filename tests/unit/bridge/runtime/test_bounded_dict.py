"""A dict with a bound."""

from bridge.runtime.bounded_dict import BoundedDict


def test_the_entry_that_was_written_longest_ago_goes_first() -> None:
    known: BoundedDict[str, int] = BoundedDict(2)
    known["a"], known["b"] = 1, 2
    known["a"] = 3
    known["c"] = 4
    assert dict(known) == {"a": 3, "c": 4}
    assert len(known) == 2


def test_it_reads_and_forgets_like_a_dict() -> None:
    known: BoundedDict[str, list[int]] = BoundedDict(2)
    known.setdefault("a", []).append(1)
    assert (known.get("a"), known.get("b"), "a" in known) == ([1], None, True)
    assert known.pop("a") == [1]
    assert known.pop("a", None) is None
    assert list(known) == []
