"""What becomes of an answer whose reader hangs up: one of the things that are not known of the real service."""

from enum import Enum


class WhenUnread(Enum):
    """What TalkifAI does with an answer when its reader hangs up: its documentation does not say."""

    WRITE_ON = "write_on"
    """It is written and kept all the same."""
    KEEP_THE_PART = "keep_the_part"
    """It stops there, and what was said so far is kept."""
    KEEP_THE_QUESTION = "keep_the_question"
    """It stops there, and nothing of it is kept."""
