"""Whether somebody has disabled the node: a start that is under way has to end without listening then."""

from __future__ import annotations

import threading


class Switch:
    """Off from ``~/enable`` false on, until somebody enables or activates the node.

    Whoever activates holds ``lock``, and so does whoever switches off: nobody is told "disabled" and then listened to.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.off = False
