"""The app for any number of workspaces: what belongs together for that."""

from contextlib import ExitStack
from dataclasses import dataclass, field

from adapters.slack.api.client import Clients
from adapters.slack.workspaces.context import WorkspaceFactory
from adapters.slack.workspaces.installation_store import InstallationStore
from adapters.slack.workspaces.many import ManyWorkspaces
from adapters.slack.workspaces.oauth import INSTALL_PATH, REDIRECT_PATH, InstallPages, OAuthApp
from adapters.slack.workspaces.token_rotation import Rotation
from bridge.ports.http import WebRoutes
from bridge.ports.stores.chat_moves import Accounts
from bridge.ports.stores.coordination import LeaderLease
from bridge.ports.stores.key_value import KeyValueStore


@dataclass(frozen=True, slots=True)
class Distribution:
    """How workspaces install the app, and where what they grant is kept."""

    app: OAuthApp
    keys: tuple[str, ...] = field(repr=False)
    """Fernet keys: the first one seals, all of them open."""
    records: KeyValueStore
    leader: LeaderLease
    places: Accounts

    def workspaces(self, clients: Clients, furnishing: WorkspaceFactory) -> ManyWorkspaces:
        """Make the workspaces that have installed it."""
        rotation = Rotation(clients, self._grants, self.app.client_id, self.app.client_secret)
        return ManyWorkspaces(clients, furnishing, self._grants, rotation, self.places)

    def serve_pages(self, clients: Clients, routes: WebRoutes, served: ExitStack) -> None:
        """Serve the pages by which it is installed, for as long as `served` is open."""
        pages = InstallPages(clients, self.app, self._grants, self.records)
        served.enter_context(routes.serve(INSTALL_PATH, pages.install, "GET"))
        served.enter_context(routes.serve(REDIRECT_PATH, pages.redirect, "GET"))

    @property
    def _grants(self) -> InstallationStore:
        return InstallationStore(self.records, self.leader, self.keys)
