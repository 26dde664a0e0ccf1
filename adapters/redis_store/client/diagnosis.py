"""Why the first connection to Redis failed, as far as an operator can fix it. A text never repeats the address."""

import socket
import ssl
from collections.abc import Iterator

from redis.exceptions import AuthenticationError, InvalidResponse
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from bridge.domain.errors import SettingWrong

SETTING = "REDIS_URL"

_TRUST = (
    "Name the file with the certificate of the authority that signed it: rediss://host:6379/0?ssl_ca_certs=/path/ca.pem;"
    " or set REDIS_TLS_VERIFY=false, to trust any server"
)
_HOST_NAME = (
    "Use the name that stands in the certificate, or add ssl_check_hostname=no to the address, to trust every name"
    " that its authority signed"
)
_PLAIN = "Begin the address with redis:// if the server has no TLS"
_PLAIN_OR_ELSEWHERE = "Mend host and port, or begin the address with redis:// if the server has no TLS"
_TLS = "Begin the address with rediss:// if the server wants TLS"
_OWN = (
    "Name the bridge's own certificate, if the server asks for one:"
    " rediss://host:6379/0?ssl_certfile=/path/own.pem&ssl_keyfile=/path/own.key"
)
_WRONG_NAME = frozenset({62, 64})
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""
_WRONG_DATE = frozenset({9, 10})
"""OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED."""


def diagnosed(error: BaseException, *, tls: bool) -> SettingWrong | None:
    """Say what is wrong with the address, or None where nothing speaks against it.

    Args:
        error: What the connection raised; its causes count.
        tls: True for a `rediss://` address.
    """
    for cause in _causes(error):
        found = _certificate(cause) or _answer(cause, tls=tls)
        if found:
            return SettingWrong(SETTING, *found)
    return None


def _certificate(error: BaseException) -> tuple[str, str] | None:
    """Return what is wrong with the server's certificate, and the remedy."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return None
    if error.verify_code in _WRONG_NAME:
        return "the server's certificate is for another name", _HOST_NAME
    if error.verify_code in _WRONG_DATE:
        return "the server's certificate is not valid today", "Renew the certificate, or correct this machine's clock"
    return f"the server's certificate is not trusted ({error.verify_message})", _TRUST


def _answer(error: BaseException, *, tls: bool) -> tuple[str, str] | None:
    """Return what is wrong with the server or the connection, and the remedy."""
    found = None
    match error:
        case AuthenticationError():
            found = "the server refuses the user or password", "Put the right user and password into the address"
        case ssl.SSLError() if "CERTIFICATE_REQUIRED" in str(error.reason):
            found = "the server asks for a certificate", _OWN
        case ssl.SSLError():
            found = f"the server does not agree to TLS ({error.reason})", _PLAIN
        case RedisTimeoutError() if tls:
            found = "no TLS connection came about in time", _PLAIN_OR_ELSEWHERE
        case socket.gaierror():
            found = "its host is unknown", "Mend the host's name"
        case ConnectionRefusedError():
            found = "nothing listens there", "Start the server, or correct host and port"
        case InvalidResponse() | RedisConnectionError() if _is_no_answer(error):
            found = "the program that listens there does not answer as Redis does", _OWN if tls else _TLS
    return found


def _is_no_answer(error: RedisConnectionError | InvalidResponse) -> bool:
    # A server that wants TLS hangs up on the first plain command, or sends an alert that is no answer of Redis.
    # The library's narrower errors (as while the server loads its data) are sentences of Redis itself.
    hung_up = type(error) is RedisConnectionError and isinstance(_origin(error), ConnectionError | None)
    return hung_up or isinstance(error, InvalidResponse)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Go from an error to what it came from, deepest first: the library hides much behind its general errors."""
    if error is not None:
        yield from _causes(_origin(error))
        yield error


def _origin(error: BaseException) -> BaseException | None:
    return error.__cause__ or error.__context__
