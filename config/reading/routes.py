"""Reads the routes and the named agents of a configuration file."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from config.reading.config_file import ConfigFile
from config.reading.messages import explain
from config.reading.suggestions import closest
from config.reading.validation import validated
from config.routes import CONDITIONS, RouteSettings

TABLES = ("agents", "routes")


def read_agents(file: ConfigFile) -> dict[str, UUID]:
    """Return the agents that have a name. What is wrong goes to the file's problems."""
    table = file.tables.get("agents", {})
    if not isinstance(table, dict):
        file.note(("agents",), "agents: is not a table. Write [agents] above lines of name = id.")
        return {}
    agents = {}
    for name, value in table.items():
        try:
            agents[name] = UUID(value)
        except (ValueError, AttributeError, TypeError):
            remedy = "Copy the agent's id from TalkifAI: 32 hexadecimal digits in five groups."
            file.note(("agents", name), f"agents.{name}: is not a UUID. {remedy}")
    return agents


def read_routes(file: ConfigFile, agents: Mapping[str, UUID], channels: Collection[str]) -> tuple[RouteSettings, ...]:
    """Return the routes, whose agents are ids. What is wrong goes to the file's problems."""
    table = file.tables.get("routes", [])
    if not isinstance(table, list):
        file.note(("routes",), "routes: is not a list of routes. Write [[routes]] above each of them.")
        return ()
    routes: list[RouteSettings] = []
    begun: dict[tuple[str | None, ...], int] = {}
    for number, raw in enumerate(table):
        try:
            route = validated(RouteSettings, raw)
        except ValidationError as error:
            _note_wrong(file, number, error)
            continue
        said = _check(route, agents, channels) or _check_conditions(route, begun, file)
        if said:
            path = tuple(filter(None, said[:1]))
            file.note(("routes", number, *path), f"{_name(number, *path)}: {said[1]}")
            continue
        begun[route.where] = number
        agent = agents.get(route.agent or "", route.agent)
        routes.append(replace(route, agent=str(agent) if agent else None))
    return tuple(routes)


def _note_wrong(file: ConfigFile, number: int, error: ValidationError) -> None:
    for detail in error.errors(include_url=False, include_input=False):
        path = tuple(part for part in detail["loc"] if isinstance(part, str))
        field = RouteSettings.field_at(path)
        if field is None:
            known = RouteSettings.keys_beside(path)
            close = closest(path[-1], known) if path else None
            remedy = f"Did you mean {close}?" if close else f"Use one of: {', '.join(known)}."
            said = f"is no key of a route. {remedy}"
        else:
            said = explain(detail, field)
        file.note(("routes", number, *path), f"{_name(number, *path)}: {said}")


def _name(number: int, *path: str) -> str:
    return ".".join([f"routes[{number + 1}]", *path])


def _check(route: RouteSettings, agents: Mapping[str, UUID], channels: Collection[str]) -> tuple[str, str] | None:
    """Return a key and what is wrong with it; the key is empty where it is the whole route."""
    if route.channel and route.channel not in channels:
        return "channel", f"is not a channel. Use {', '.join(channels)}."
    if route.topic and not route.place:
        return "topic", "needs a place. Add the id of the group that the topic is in."
    if route.agent and route.agent not in agents and not _is_uuid(route.agent):
        close = closest(route.agent, agents)
        said = f"Did you mean {close}?" if close else "Name it in [agents], or give the agent's id."
        return "agent", f"is neither a name of [agents] nor the id of an agent. {said}"
    return None


def _check_conditions(
    route: RouteSettings, begun: Mapping[tuple[str | None, ...], int], file: ConfigFile
) -> tuple[str, str] | None:
    if not any(route.where):
        return "", f"holds nowhere. Give one of {', '.join(CONDITIONS)}; what holds everywhere is a setting."
    if route.where in begun:
        other = file.place("routes", begun[route.where])
        return "", f"has the same conditions as the route at {other}. Put both into one."
    return None


def _is_uuid(text: Any) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
