"""Who may speak to the playground: only this machine and the page itself."""

from collections.abc import Mapping
from urllib.parse import urlsplit

_HERE = ("127.0.0.1", "localhost")
_SAME_SITE = ("same-origin", "none")


def security_headers(port: int) -> dict[str, str]:
    """Return what every answer carries.

    `trusted-types` makes the browser refuse any text as HTML: what people and the agent write can only be text.
    """
    feeds = " ".join(f"ws://{name}:{port}" for name in _HERE)
    return {
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
            f" connect-src 'self' {feeds}; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
            " require-trusted-types-for 'script'; trusted-types 'none'"
        ),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }


def is_from_here(headers: Mapping[str, str], port: int) -> bool:
    """Say whether a request was made to this machine by name, and by no page of another origin."""
    hosts = {f"{name}:{port}" for name in _HERE}
    if headers.get("Host", "") not in hosts:
        return False  # another name leads here: DNS rebinding
    origin = headers.get("Origin")
    if origin is not None and (urlsplit(origin).scheme != "http" or urlsplit(origin).netloc not in hosts):
        return False
    # A link from another page may open the playground; only a page that knows its path can.
    return headers.get("Sec-Fetch-Site", "none") in _SAME_SITE or headers.get("Sec-Fetch-Mode") == "navigate"
