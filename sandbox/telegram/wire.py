"""How the Bot API speaks: parameters in any of three forms, answers in one envelope."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came along in a form."""

    name: str
    content: bytes


class Refused(Exception):
    """The call is answered with an error of the Bot API."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters


def bad_request(description: str, **parameters: int) -> Refused:
    """Build a 400, in the server's words."""
    return Refused(400, f"Bad Request: {description}", **parameters)


async def read_params(request: web.Request) -> dict[str, Any]:
    """Read query, form or JSON. Nested values may be JSON strings, as forms need them."""
    params: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json" and request.can_read_body:
        params.update(await request.json())
    elif request.can_read_body:
        for name, value in (await request.post()).items():
            params[name] = value if isinstance(value, str) else Upload(value.filename, value.file.read())  # type: ignore[union-attr]
    return params


def answer(result: Any) -> web.Response:
    """Say that the call worked."""
    return web.json_response({"ok": True, "result": result})


def refusal(refused: Refused) -> web.Response:
    """Say that it did not, with the same number as HTTP status."""
    body: dict[str, Any] = {"ok": False, "error_code": refused.status, "description": refused.description}
    if refused.parameters:
        body["parameters"] = refused.parameters
    return web.json_response(body, status=refused.status)


def nested(params: Params, name: str) -> Any:
    """Read a value that is an object or a list, as itself or as a JSON string; None where it is not given."""
    value = params.get(name)
    if isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {name} JSON object") from None
    return value


def number(params: Params, name: str, default: int | None = None) -> int | None:
    """Read a whole number, given as such or as a string."""
    value = params.get(name)
    if value is None or value == "":
        return default
    try:
        return int(value)
    except (TypeError, ValueError):
        raise bad_request(f"field {name!r} must be of type Number") from None


def flag(params: Params, name: str) -> bool:
    """Read a truth value."""
    return str(params.get(name, "")).lower() in ("true", "1", "yes")
