"""In which order, and on which of the test processes, tests run: the longest first, so that all end together."""

import pytest
from xdist.scheduler import LoadScopeScheduling

_FOLDERS = ("browser", "property", "fault", "scenario", "contract", "outputs", "corpus", "unit")
"""Those whose tests take longest come first."""
_LONG_S = 200.0
_ONE_BY_ONE = ("property", "fault")
"""Tests here share nothing that takes time to start."""
_SHARED = "at_each_step.py"
"""But for those that look at what became of one and the same kill."""
_OF_THE_BROWSER = "tests/browser/"
_ALONE_IN_IT = "test_faults.py"
"""It takes as long as all others of the browser together."""


def longest_first(item: pytest.Item) -> tuple[bool, int]:
    """Sort tests by the time that they may take, then by their folders."""
    limit = item.get_closest_marker("timeout")
    is_long = limit is not None and limit.args[0] >= _LONG_S
    folder = item.nodeid.split("/")[1]
    return not is_long, _FOLDERS.index(folder)


class TogetherWhatShares(LoadScopeScheduling):  # type: ignore[misc]  # the library has no types
    """Gives a process a file at a time, all files that share a browser, or a single test that shares nothing."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file.startswith(_OF_THE_BROWSER) and not file.endswith(_ALONE_IN_IT):
            return _OF_THE_BROWSER
        is_alone = file.split("/")[1] in _ONE_BY_ONE and not file.endswith(_SHARED)
        return nodeid if is_alone else file
