"""`python -m bridge` does what `talkifai-bridge` does."""

import sys

from bridge.cli import main

sys.exit(main())
