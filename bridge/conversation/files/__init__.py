"""Files that go out beside an answer."""
