"""The app for any number of workspaces: what belongs together for that."""

from contextlib import ExitStack
from dataclasses import dataclass, field

from adapters.slack.clients import Clients
from adapters.slack.grants import Grants
from adapters.slack.installed import Furnishing
from adapters.slack.many_workspaces import ManyWorkspaces
from adapters.slack.oauth import INSTALL_PATH, REDIRECT_PATH, InstallPages, OAuthApp
from adapters.slack.rotation import Rotation
from bridge.places import Accounts
from bridge.records import Records
from bridge.sharing import LeaderLease
from bridge.web import WebRoutes


@dataclass(frozen=True, slots=True)
class Installs:
    """How workspaces install the app, and where what they grant is kept."""

    app: OAuthApp
    keys: tuple[str, ...] = field(repr=False)
    """Fernet keys: the first one seals, all of them open."""
    records: Records
    leader: LeaderLease
    places: Accounts

    def workspaces(self, clients: Clients, furnishing: Furnishing) -> ManyWorkspaces:
        """Make the workspaces that have installed it."""
        rotation = Rotation(clients, self._grants, self.app.client_id, self.app.client_secret)
        return ManyWorkspaces(clients, furnishing, self._grants, rotation, self.places)

    def serve_pages(self, clients: Clients, routes: WebRoutes, served: ExitStack) -> None:
        """Serve the pages by which it is installed, for as long as `served` is open."""
        pages = InstallPages(clients, self.app, self._grants, self.records)
        served.enter_context(routes.serve(INSTALL_PATH, pages.install, "GET"))
        served.enter_context(routes.serve(REDIRECT_PATH, pages.redirect, "GET"))

    @property
    def _grants(self) -> Grants:
        return Grants(self.records, self.leader, self.keys)
