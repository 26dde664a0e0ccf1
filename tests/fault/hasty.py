"""The bridge as it is, with shorter waits: a test of what happens after a wait need not last as long as in earnest.

It is run as a program, in place of `python -m bridge`.
"""

import sys
from functools import partial

from adapters.redis_store import StoreLimits
from bridge.app import bootstrap, cli
from bridge.conversation import question_sender
from bridge.conversation.recovery import RecoveryLimits
from bridge.worker.dispatcher import DispatchLimits

HASTY_LEASE_S = 10.0
HASTY_CUT_WAIT_S = 4.0


def _main() -> int:
    vars(bootstrap)["StoreLimits"] = partial(StoreLimits, lease_s=HASTY_LEASE_S)
    vars(bootstrap)["DispatchLimits"] = partial(DispatchLimits, lease_s=HASTY_LEASE_S)
    vars(question_sender)["RecoveryLimits"] = partial(RecoveryLimits, cut_wait_s=HASTY_CUT_WAIT_S)
    return cli.main()


if __name__ == "__main__":
    sys.exit(_main())
