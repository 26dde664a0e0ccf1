"""The section of Redis. The module is not called `redis`, which is the client's name."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from config.values.checks import Before
from config.values.kinds import secret, split_url
from config.values.secret import Secret
from config.values.section import Section

_TRUE, _FALSE = {"true", "1", "yes", "on"}, {"false", "0", "no", "off"}
_ESCAPES = {"#": "%23", "?": "%3F", "/": "%2F"}
"""Signs that end the part of an address in which the password is, and how a password has them."""


def _url(text: str) -> str:
    remedy = "It has the form redis://host:6379/0, rediss://host:6379/0 (TLS) or unix:///path/to/socket."
    scheme, _, rest = text.partition("://")
    if scheme in {"redis", "rediss"}:
        _check_escapes(rest)
    parts = split_url(text, remedy)
    if parts.scheme not in {"redis", "rediss", "unix"}:
        raise ValueError(f"is not a Redis address. {remedy}")
    if parts.scheme == "unix" and not parts.path.strip("/"):
        raise ValueError(f"names no socket. {remedy}")
    if parts.scheme != "unix" and not parts.hostname:
        raise ValueError(f"names no host. {remedy}")
    return text


def _check_escapes(rest: str) -> None:
    """Raise where the password seems to hold a sign that cuts it off: an `@` follows the sign."""
    for sign, escape in _ESCAPES.items():
        before, found, after = rest.partition(sign)
        if found and "@" in after and "@" not in before:
            raise ValueError(f"has {sign} before its @, which ends the address there. In a password write {escape}.")


def _word(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return value
    word = value.lower()
    return "true" if word in _TRUE else "false" if word in _FALSE else word


@dataclass(frozen=True, kw_only=True)
class RedisSettings(Section):
    """`REDIS_…`."""

    prefix: ClassVar[str] = "REDIS_"

    url: Annotated[Secret, secret(_url)] | None = None
    """A secret, because it holds the password. None: the embedded server."""
    tls_verify: Annotated[Literal["auto", "true", "false"], Before(_word)] = "auto"

    def verifies_tls(self, *, on_heroku: bool) -> bool:
        """Say whether the server's certificate is verified. With `auto` it is, but for Heroku's self-signed ones.

        An address that names a certificate authority wants it to be verified.
        """
        if self.tls_verify != "auto":
            return self.tls_verify == "true"
        url = urlsplit(self.url.get_secret_value() if self.url else "")
        names_authority = any(option.startswith("ssl_ca_") for option in parse_qs(url.query))
        return names_authority or not (on_heroku and url.scheme == "rediss")

    @property
    def password(self) -> tuple[str, ...]:
        """The password of the address, as it was written and as it is sent, for the log's redaction alone."""
        password = urlsplit(self.url.get_secret_value()).password if self.url else None
        return tuple({password, unquote(password)}) if password else ()
