"""The routes of the settings, as the core takes them."""

from dataclasses import asdict

from bridge.access.routes import Access, Budgets, Choices, Route, Scope
from bridge.domain.pages import Streaming
from config.routes import CONDITIONS, RouteAccess, RouteSettings
from config.settings import Settings


def routes_of(settings: Settings) -> tuple[Route, ...]:
    """Return the routes of the configuration file."""
    return tuple(Route(_scope(route), _choices(route)) for route in settings.routes)


def _scope(route: RouteSettings) -> Scope:
    return Scope(**{name: wanted or "" for name, wanted in zip(CONDITIONS, route.where, strict=True)})


def _choices(route: RouteSettings) -> Choices:
    return Choices(
        agent_id=route.agent,
        idle_timeout_s=route.idle_timeout,
        streaming=Streaming(route.streaming) if route.streaming else None,
        interrupts=route.busy == "interrupt" if route.busy else None,
        idle_line=route.idle_line,
        greeting=route.greeting,
        prompts=route.prompts,
        access=_access(route.access) if route.access else None,
        budgets=Budgets(**asdict(route.budgets)) if route.budgets else None,
    )


def _access(access: RouteAccess) -> Access:
    users, domains = access.allowed_users, access.allowed_email_domains
    return Access(
        allowed_users=None if users is None else frozenset(users),
        denied_users=frozenset(access.denied_users),
        allowed_email_domains=None if domains is None else frozenset(domains),
    )
