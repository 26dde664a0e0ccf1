"""The language of the settings and the operator's own texts, as the core takes them."""

from bridge.texts.catalog import Own, Words, use
from bridge.texts.own import KEYS, problem_of
from config.reading.suggestions import closest
from config.settings import Settings, SettingsError
from config.values.own_text import OwnText


def own_texts(settings: Settings) -> Own:
    """Return the operator's texts by language. Raises `SettingsError` with a line for each that is wrong."""
    lines = [f"{text.place}: {text.key}: {said}" for text in settings.texts if (said := _problem(text))]
    if lines:
        raise SettingsError(*lines)
    own: dict[str, dict[str, Words]] = {}
    for text in settings.texts:
        own.setdefault(text.language, {})[text.name] = text.words
    return own


def use_texts(settings: Settings) -> None:
    """Let people read what the settings say. Raises `SettingsError`: then nothing has changed."""
    use(settings.bridge.language, own_texts(settings))


def _problem(text: OwnText) -> str:
    key = KEYS.get(text.name)
    if key is not None:
        return problem_of(text.language, key, text.words)
    close = closest(text.name, KEYS)
    return "is no text of the bridge. " + (f"Did you mean {close}?" if close else "bridge/texts/en.toml has them all.")
