"""All that Redis keeps, as one value."""

from dataclasses import dataclass

from bridge.ports.stores.allowances import AllowanceStore
from bridge.ports.stores.chat_moves import Accounts, Places, ReplyRoots
from bridge.ports.stores.coordination import CallBudgets, LeaderLease, Quota, StoreHealth
from bridge.ports.stores.exchanges import Exchanges
from bridge.ports.stores.key_value import KeyValueStore
from bridge.ports.stores.retention import Retention
from bridge.ports.stores.sessions import SessionStore
from bridge.ports.stores.take_overs import TakeOvers
from bridge.ports.stores.work_queue import Inbox, WorkQueue


@dataclass(frozen=True, kw_only=True)
class Stores:
    """One store for each kind of thing that all workers share."""

    inbox: Inbox
    queue: WorkQueue
    sessions: SessionStore
    exchanges: Exchanges
    take_overs: TakeOvers
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
