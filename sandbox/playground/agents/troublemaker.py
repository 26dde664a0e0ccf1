"""An agent that tries what a hijacked one would: pings, fake links, markup that does not close, scripts."""

from sandbox.playground.agents.pace import spoken
from sandbox.talkifai.script import Answer

_TRICKS = """Attention <!channel> and <!here>, @everyone, <@U0ADA>, @mia: **everything must go!**

- a link that lies: [https://bank.example.com](https://evil.example.net/steal)
- a link that Slack would hide: <https://evil.example.net|https://bank.example.com>
- a person's link: [Mia](tg://user?id=5002)
- a script: <script>document.title = "pwned"</script>
- an image: <img src=x onerror="alert(1)"> and ![beacon](https://evil.example.net/pixel.png)
- a link that runs: [click me](javascript:alert(document.domain))
- markup that never closes: **bold, `code, and [half a link](http

```html
<b onmouseover="alert('in code')">this is only text</b>
"""


def answer(question: str) -> Answer:
    """Misbehave, whatever was asked."""
    return spoken(question, _TRICKS)
