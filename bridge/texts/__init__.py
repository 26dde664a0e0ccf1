"""What the bridge itself says to people, in their languages.

To add a text:

1. Name it in `bridge/domain/notices.py`: a `Notice` for a whole sentence, a `Phrase` where it has placeholders.
2. Give it its words in each of `en.toml`, `de.toml`, `es.toml`, `fr.toml` and `pt.toml`, under that name in lower case.
   A placeholder is `{name}`. A text that counts has plural forms, chosen by `count`: `{ one = "…", other = "…" }`.
   People are addressed as German "du", Spanish "tú", French "vous", Brazilian "você".
3. Say it: `turn.say(Notice.BUSY)` in a turn, else `texts(Notice.BUSY)` with `texts = texts_in(language)`. Sentences
   that are put together stand in `sentences.py`.

To add a language: its file here, `LANGUAGES` in `catalog.py`, and `BRIDGE_LANGUAGE` in `config/bridge.py`.

`tests/unit/bridge/texts/test_catalogs.py` fails where a language lacks a text or has other placeholders. In tests,
`english(Notice.BUSY)` of `tests/english.py` is the English sentence.
"""
