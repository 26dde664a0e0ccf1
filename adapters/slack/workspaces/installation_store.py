"""What workspaces granted the app when they installed it: their tokens, sealed."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from time import time
from typing import Any
from uuid import uuid4

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from adapters.slack.api.identity import BotIdentity
from bridge.domain.errors import SettingWrong, StoreUnavailable
from bridge.ports.stores.coordination import LeaderLease
from bridge.ports.stores.key_value import KeyValueStore

_GROUP = "slack:grants"
_RESEAL_S = 10.0


@dataclass(frozen=True, slots=True)
class Grant:
    """One installation, in a workspace or in an organisation."""

    workspace: BotIdentity
    token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    """Empty where tokens are not rotated."""
    expires_at: float = 0.0
    """Seconds since the epoch; 0 for a token that lasts."""
    granted_at: float = 0.0
    """When the app was installed."""

    @property
    def account(self) -> str:
        """Whose it is."""
        return self.workspace.account

    def expires_within(self, seconds: float) -> bool:
        """Say whether the token is good for less than that."""
        return bool(self.expires_at) and self.expires_at - time() < seconds


class GrantUnreadable(StoreUnavailable):
    """What is kept is sealed with a key that this worker has not: a worker with a newer one may have sealed it."""


class InstallationStore:
    """Grants in the store, by account, encrypted with Fernet (AES-128 in CBC mode, HMAC-SHA-256).

    Args:
        records: Where they are kept.
        leader: Lets one worker at a time change a grant.
        keys: The first one seals, all of them open: so keys can be changed.
    """

    def __init__(self, records: KeyValueStore, leader: LeaderLease, keys: Sequence[str]) -> None:
        self._records = records
        self._leader = leader
        self._newest = Fernet(keys[0])
        self._any = MultiFernet([Fernet(key) for key in keys])

    async def find(self, account: str) -> Grant | None:
        """Return the grant of an account; None where there is none. Raises `GrantUnreadable`, `StoreUnavailable`."""
        sealed = await self._records.read(_GROUP, account)
        if sealed is None:
            return None
        try:
            grant = _read(self._any.decrypt(sealed))
        except (InvalidToken, ValueError, TypeError, KeyError):
            told = f"BRIDGE_SECRET_KEY does not open what {account} granted"
            raise GrantUnreadable(f"{told}. Where the key was changed: start this worker anew") from None
        if grant.account != account:
            # Who can write to Redis could answer one workspace with another one's token.
            raise GrantUnreadable(f"what is kept for {account} was granted by another workspace")
        return grant

    async def save(self, grant: Grant) -> None:
        """Store a grant instead of the account's former one. Raises `StoreUnavailable`."""
        await self._records.write(_GROUP, grant.account, self._newest.encrypt(_written(grant)).decode())

    async def remove(self, account: str) -> None:
        """Forget what an account granted. Raises `StoreUnavailable`."""
        await self._records.remove(_GROUP, account)

    async def take_lease(self, account: str, holder: str, lease_s: float) -> bool:
        """Take the right to change a grant; False while another worker has it. Raises `StoreUnavailable`."""
        return await self._leader.take(_lease_of(account), holder, lease_s)

    async def give_lease_up(self, account: str, holder: str) -> None:
        """Let the next one change it. Raises `StoreUnavailable`."""
        await self._leader.give_up(_lease_of(account), holder)

    async def reseal(self) -> None:
        """Seal with the newest key what is sealed with an older one.

        Raises `SettingWrong` where there is something that no key opens, and `StoreUnavailable`.
        """
        for account, sealed in (await self._records.read_all(_GROUP)).items():
            try:
                self._newest.decrypt(sealed)
            except InvalidToken:
                self._refuse_unless_opened(sealed)
                await self._reseal(account)

    def _refuse_unless_opened(self, sealed: str) -> None:
        try:
            self._any.decrypt(sealed)
        except InvalidToken:
            remedy = "Add the key that was used before behind this one, after a comma"
            raise SettingWrong("BRIDGE_SECRET_KEY", "does not open the tokens that are kept", remedy) from None

    async def _reseal(self, account: str) -> None:
        holder = uuid4().hex
        if not await self.take_lease(account, holder, _RESEAL_S):
            return  # the worker that changes it now seals it with the newest key
        try:
            with suppress(GrantUnreadable):
                grant = await self.find(account)
                if grant is not None:
                    await self.save(grant)
        finally:
            await self.give_lease_up(account, holder)


def _lease_of(account: str) -> str:
    return f"slack-grant:{account}"


def _written(grant: Grant) -> bytes:
    return json.dumps(asdict(grant)).encode()


def _read(raw: bytes) -> Grant:
    fields: dict[str, Any] = json.loads(raw)
    workspace = BotIdentity(**fields.pop("workspace"))
    return replace(Grant(workspace, fields.pop("token")), **fields)
