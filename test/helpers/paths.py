"""Where things are."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""Of the source tree."""
HELPERS = Path(__file__).resolve().parent
DATA = Path(os.environ.get("USDRL_DATA", ROOT.parent / "shared" / "data"))
"""Real recordings; tests that need them are skipped where they are not."""
