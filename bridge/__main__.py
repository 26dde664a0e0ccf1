"""`python -m bridge` does what `talkifai-bridge` does."""

import sys

from bridge.app.cli import main

sys.exit(main())
