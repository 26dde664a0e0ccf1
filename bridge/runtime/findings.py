"""What `check` found: one line each, with its remedy."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How bad it is."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    WARNING = "warning"
    """The bridge works, but not as the settings mean, or not for long."""
    FAIL = "fail"
    """The bridge does not work, or not everywhere."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. No secret is in it."""

    subject: str
    """What was looked at, such as `Redis`."""
    verdict: Verdict
    said: str
    remedy: str = ""
    """What to change; begins with the setting's name or an imperative. Empty where nothing is to change."""


def passed(subject: str, said: str) -> Finding:
    """Return a finding that needs nothing."""
    return Finding(subject, Verdict.PASS, said)


def warned(subject: str, said: str, remedy: str) -> Finding:
    """Return a finding that should be fixed."""
    return Finding(subject, Verdict.WARNING, said, remedy)


def failed(subject: str, said: str, remedy: str = "") -> Finding:
    """Return a finding that must be fixed. Errors of the bridge name setting and remedy in one text."""
    return Finding(subject, Verdict.FAIL, said, remedy)
