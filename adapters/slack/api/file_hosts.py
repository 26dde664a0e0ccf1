"""Where Slack keeps files: no other host is sent a file, or the token that reads one. Pure."""

from urllib.parse import urlsplit


def is_slacks_own(address: object, api_url: str) -> bool:
    """Say whether an address is one of the Web API's own host, or of its host for files, and over the same scheme."""
    if not isinstance(address, str):
        return False
    try:
        found, api = urlsplit(address), urlsplit(api_url)
        hosts = {(api.hostname, api.port), (f"files.{api.hostname}", api.port)}
        is_own = found.scheme == api.scheme and (found.hostname, found.port) in hosts
    except ValueError:
        return False
    return is_own and not (found.username or found.password)
