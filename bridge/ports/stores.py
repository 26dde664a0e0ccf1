"""All that Redis keeps, as one value."""

from dataclasses import dataclass

from bridge.ports.allowances import AllowanceStore
from bridge.ports.chat_moves import Accounts, Places, ReplyRoots
from bridge.ports.coordination import CallBudgets, LeaderLease, Quota, StoreHealth
from bridge.ports.exchanges import Exchanges
from bridge.ports.key_value import KeyValueStore
from bridge.ports.retention import Retention
from bridge.ports.sessions import SessionStore
from bridge.ports.work_queue import Inbox, WorkQueue


@dataclass(frozen=True, kw_only=True)
class Stores:
    """One store for each kind of thing that all workers share."""

    inbox: Inbox
    queue: WorkQueue
    sessions: SessionStore
    exchanges: Exchanges
    quota: Quota
    budgets: CallBudgets
    leader: LeaderLease
    reply_roots: ReplyRoots
    places: Places
    accounts: Accounts
    allowances: AllowanceStore
    retention: Retention
    records: KeyValueStore
    health: StoreHealth
