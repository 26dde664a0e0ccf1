"""The chunks of a stream: text, blocks, and the tasks of a plan (docs: reference/methods/chat.appendStream)."""

from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.blocks import checked
from sandbox.slack.rules import Answer, Params, Refused

_TASK_STATES = frozenset({"pending", "in_progress", "complete", "error"})
TASK_DISPLAY_MODES = frozenset({"timeline", "plan", "dense"})


@dataclass(frozen=True, slots=True)
class Grown:
    """What one call adds to a stream."""

    text: str = ""
    blocks: list[Answer] = field(default_factory=list)
    tasks: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Title and state of each task, by its id."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was given."""
        return not (self.text or self.blocks or self.tasks)


def grown_by(params: Params) -> Grown:
    """Read `markdown_text` and `chunks`. Raises `Refused`."""
    text = params.get("markdown_text")
    if text is not None and not isinstance(text, str):
        raise Refused("invalid_arguments")
    chunks = params.get("chunks")
    if chunks is None:
        return Grown(text or "")
    if not isinstance(chunks, list):
        raise Refused("invalid_chunks")
    words, blocks, tasks = [text or ""], [], {}
    for chunk in chunks:
        match chunk:
            case {"type": "markdown_text", "text": str(said)}:
                words.append(said)
            case {"type": "task_update", "id": str(name), "title": str(title), "status": state} if (
                state in _TASK_STATES
            ):
                tasks[name] = (title, str(state))
            case {"type": "plan_update", "title": str(title)}:
                tasks[""] = (title, "")
            case {"type": "blocks", "blocks": list(more)}:
                blocks.extend(checked(more))
            case _:
                raise Refused("invalid_chunks")
    return Grown("".join(words), blocks, tasks)


def check_display_mode(params: Params) -> None:
    """Raise `Refused` for a `task_display_mode` that Slack does not have."""
    mode: Any = params.get("task_display_mode")
    if mode is not None and mode not in TASK_DISPLAY_MODES:
        raise Refused("invalid_arguments", argument="task_display_mode")
