"""An agent that writes at length, in all that Markdown has."""

import re

from sandbox.demo.onboarding import onboarding_plan
from sandbox.playground.agents.pace import spoken, writing
from sandbox.talkifai.long_answer import long_answer
from sandbox.talkifai.script import MOST_LONG, Answer, Pause

_TABLE = """Here is the overview, with the numbers of last week:

| region | orders | change | best seller |
| :--- | ---: | ---: | :--- |
| North | 1,204 | +12 % | tea, *first flush* |
| East | 988 | +3 % | `SKU-4411` |
| South | 1,530 | -4 % | ~~cocoa~~ coffee |
| West | 2,047 | +21 % | **honey** |

The West grew most. Shall I look at the *South*?"""

_CODE = """This does it, in Python:

```python
from collections.abc import Iterator

def windows(numbers: list[int], size: int = 3) -> Iterator[list[int]]:
    \"\"\"Yield each run of `size` neighbours.\"\"\"
    for start in range(len(numbers) - size + 1):
        yield numbers[start : start + size]   # a & b < c stay as they are
```

and the same for a shell:

```console
$ python windows.py --size 3 < numbers.txt
[1, 2, 3]
[2, 3, 4]
```

> Note: with an empty list nothing is yielded, and that is *not* an error."""

_EVERYTHING = """# Everything at once

Some words are **bold**, some *slanted*, some ~~gone~~, and `inline code` stays as it is.

## A list

- first, a point
- second, a point with a [link](https://example.com/docs)
  1. nested and numbered
  2. to the end
- [x] a task that is done
- [ ] one that is not

## A quotation

> The best way to explain it is to do it.

---

That is all. Ask for *a table*, *code*, *a plan*, or `long 30000`."""


def answer(question: str) -> Answer:
    """Write what was asked for."""
    length = re.search(r"\blong\s+(\d{1,6})\b", question, re.IGNORECASE)
    if length:
        characters = min(int(length[1]), MOST_LONG)
        return spoken(question, writing(long_answer(characters), max(12, characters // 300), 0.05))
    if re.search(r"\b(?:plan|onboarding|long)\b", question, re.IGNORECASE):
        return spoken(question, Pause(0.4), writing(onboarding_plan(), 60, 0.06))
    if re.search(r"\btable", question, re.IGNORECASE):
        return spoken(question, Pause(0.4), _TABLE)
    if re.search(r"\bcode", question, re.IGNORECASE):
        return spoken(question, Pause(0.4), _CODE)
    return spoken(question, Pause(0.4), _EVERYTHING)
