"""Who may ask: members always, guests and people of other organisations where the setting says so."""

from adapters.slack.options import SlackOptions
from adapters.slack.people.directory import People
from bridge.domain.errors import ChannelUnavailable, SettingWrong
from bridge.domain.incoming import Queued

_SCOPE = "Add the scope users:read to the app and install it again"


class Admission:
    """Tells members from others, and whose e-mail address is known. If Slack does not say, no one is admitted."""

    def __init__(self, people: People, options: SlackOptions) -> None:
        self._people = people
        self._options = options

    async def admits(self, queued: Queued) -> bool:
        """Say whether the asker may have an answer.

        Raises `ChannelUnavailable` where Slack does not tell now, `SettingWrong` where the app may not know.
        """
        return self._options.external_users == "allow" or not await self._is_external(queued)

    async def email_of(self, queued: Queued) -> str:
        """Return the asker's confirmed address; empty where there is none. Raises as `admits`."""
        if queued.person.is_program:
            return ""
        profile = await self._people.profile(queued.person.id)
        if self._people.are_hidden:
            problem = "cannot be obeyed without the scope users:read, so no one is answered"
            raise SettingWrong("BRIDGE_ALLOWED_EMAIL_DOMAINS", problem, f"{_SCOPE}, with users:read.email")
        if not profile.is_known:
            raise ChannelUnavailable("Slack did not say who the asker is")
        return profile.email

    async def _is_external(self, queued: Queued) -> bool:
        if "person_team" in queued.origin.metadata:
            return True
        if queued.person.is_program:
            return False
        profile = await self._people.profile(queued.person.id)
        if self._people.are_hidden:
            problem = (
                "is refuse, and guests cannot be told from members without the scope users:read: no one is answered"
            )
            raise SettingWrong("SLACK_EXTERNAL_USERS", problem, f"{_SCOPE}, or set it to allow")
        if not profile.is_known:
            raise ChannelUnavailable("Slack did not say whether the asker is a guest")
        return profile.is_external is not False
