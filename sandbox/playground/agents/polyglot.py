"""An agent that writes from right to left, without spaces, and in emoji of many code points."""

# ruff: noqa: RUF001 - the signs of these languages are meant
import re

from sandbox.playground.agents.pace import spoken
from sandbox.talkifai.script import Answer

_ARABIC = """مرحبًا! يسعدني أن أساعدك. إليك **ثلاث خطوات** للبدء:

1. افتح الإعدادات واختر `API`
2. أنشئ مفتاحًا جديدًا
3. انسخه إلى ملف `.env`

> إذا واجهت مشكلة فاكتب لي في أي وقت 🌙"""

_HEBREW = """שלום! הנה **שלושה צעדים** להתחלה:

- פתחו את ההגדרות
- צרו מפתח חדש בשם `hooks-2`
- שמרו אותו במקום בטוח 🔐"""

_CHINESE = """你好！很高兴认识你。我可以:

- 回答**产品**方面的问题
- 查询订单,例如 `2024-0815`
- 用表格整理信息

| 城市 | 天气 | 气温 |
| --- | --- | ---: |
| 北京 | 晴 ☀️ | 21 °C |
| 上海 | 小雨 🌧️ | 18 °C |

还有什么需要吗?"""

_WORLD = """Hello, world — in a few of its ways:

| language | hello | |
| --- | --- | --- |
| Arabic | مرحبا بالعالم | 🌙 |
| Hebrew | שלום עולם | 🕎 |
| Chinese | 你好，世界 | 🏮 |
| Japanese | こんにちは、世界 | 🗻 |
| Hindi | नमस्ते दुनिया | 🪔 |
| Korean | 안녕, 세상 | 🐯 |

A line with both directions: the word **שלום** stands in the middle of English.

Emoji that are one sign and many code points: 👩‍👩‍👧‍👦 👨🏽‍🚀 🏳️‍🌈 🇺🇳 1️⃣ — and they stay whole, on every page."""


def answer(question: str) -> Answer:
    """Answer in the script of the question."""
    if re.search(r"[\u0600-\u06ff]", question):
        return spoken(question, _ARABIC)
    if re.search(r"[\u0590-\u05ff]", question):
        return spoken(question, _HEBREW)
    if re.search(r"[\u4e00-\u9fff]", question):
        return spoken(question, _CHINESE)
    return spoken(question, _WORLD)
