"""Messages as a person sees them, as lines for a terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.markdown import Markdown
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from sandbox.demo.people import Seen, Service
from sandbox.telegram.world import JsonDict

Row = list[Segment]
Key = tuple[Service, Seen, int]

_KEPT = 400
_BAR = "▎"
_WORD_JOINER = "\u2060"
_BAR_STYLE = Style(color="green")
_BUTTON_STYLE = Style(color="blue", bold=True)
_NAME_STYLES = ("bold yellow", "bold magenta", "bold cyan")
_ENTITY_STYLES = {
    "bold": "bold",
    "italic": "italic",
    "underline": "underline",
    "strikethrough": "strike",
    "spoiler": "reverse",
    "code": "cyan",
    "pre": "cyan",
    "blockquote": "dim italic",
    "expandable_blockquote": "dim italic",
    "text_link": "underline blue",
}


class Lines:
    """Renders messages, and keeps what it has rendered until the text changes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._kept: dict[Key, list[Row]] = {}

    def newest(self, service: Service, seen: Sequence[Seen], width: int, height: int) -> list[Row]:
        """Return the last lines of a thread, at most `height`, each `width` wide."""
        rows: list[Row] = []
        for message in reversed(seen):
            if len(rows) >= height:
                break
            rows = self._rows(service, message, width) + rows
        return rows[max(0, len(rows) - height) :]

    def _rows(self, service: Service, message: Seen, width: int) -> list[Row]:
        key = (service, message, width)
        if key not in self._kept:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            self._kept[key] = self._rendered(service, message, width)
        return self._kept[key]

    def _rendered(self, service: Service, message: Seen, width: int) -> list[Row]:
        options = self._console.options.update(width=max(8, width - 2), height=None)
        if not message.is_bot:
            said = Text(f"{message.author}: ", style=_name_style(message.author))
            said.append(message.text, style="not bold default")
            return self._console.render_lines(said, options.update(width=width))
        body = _slack_text(message.text) if service == "Slack" else _telegram_text(message.text, message.entities)
        rows = _without_blank_ends(self._console.render_lines(body, options))
        if message.buttons:
            rows += self._console.render_lines(_buttons(message.buttons), options)
        return [[Segment(_BAR, _BAR_STYLE), Segment(" "), *row] for row in rows]


def _slack_text(text: str) -> Markdown:
    """Read Markdown as Slack's `markdown` block does: `<` is a character like others, and begins no raw HTML."""
    return Markdown(text.replace("<", f"<{_WORD_JOINER}"), code_theme="ansi_dark", hyperlinks=False)


def _telegram_text(text: str, entities: Sequence[JsonDict]) -> Text:
    """Style a text by its entities, whose offsets count UTF-16 units."""
    units = text.encode("utf-16-le", "surrogatepass")

    def index(offset: int) -> int:
        return len(units[: 2 * offset].decode("utf-16-le", "ignore"))

    shown = Text(text)
    for entity in entities:
        start, end = entity["offset"], entity["offset"] + entity["length"]
        shown.stylize(_ENTITY_STYLES.get(entity["type"], ""), index(start), index(end))
    return shown


def _buttons(labels: Sequence[str]) -> Text:
    return Text(" ").join(Text(f"[ {label} ]", _BUTTON_STYLE) for label in labels)


def _without_blank_ends(rows: list[Row]) -> list[Row]:
    filled = [number for number, row in enumerate(rows) if any(segment.text.strip() for segment in row)]
    return rows[filled[0] : filled[-1] + 1] if filled else []


def _name_style(name: str) -> str:
    return _NAME_STYLES[sum(map(ord, name)) % len(_NAME_STYLES)]
