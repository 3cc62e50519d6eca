"""Do the joints arrive in the order of the configured topology, or of another one?"""

from __future__ import annotations

from difflib import SequenceMatcher

import numpy as np

from usdrl_model.plausibility import bodies
from usdrl_model.plausibility.sights import to_canonical
from usdrl_model.skeleton.topology import Topology, names, topology

ODD = 0.45
"""``bodies.misfit`` above which the order of joints is wrong; 3,000 windows of real people stay below it."""


def misread(joints: np.ndarray, body: np.ndarray, mine: Topology) -> tuple[str, str]:
    """Why the joints do not fit a joint set, with the remedy, and the name of the likely one; empty if they fit.

    They do not form a body as they are read, or form a better one as another joint set.

    Args:
        joints: (R, V, 3) of the tracker, NaN where missing.
        body: (R, 25, 3) the same in canonical joints, as read.
        mine: the joint set they are read as.
    """
    came = np.isfinite(joints).all(axis=2).any(axis=0)
    count = int(np.flatnonzero(came)[-1]) + 1 if came.any() else 0
    as_read = bodies.misfit(body)
    as_read = as_read if np.isfinite(as_read) else np.inf
    missing = int(np.isnan(body).all(axis=(0, 2)).sum())
    never = f"joint numbers {count} to {len(mine.joints) - 1} never come" if count < len(mine.joints) else ""
    if not never and not as_read > ODD:
        return "", ""
    others, shipped = [], names()
    for name in shipped:
        other = topology(name)
        if name == mine.name or len(other.joints) not in (count, len(mine.joints)):
            continue
        read = to_canonical(joints[:, : len(other.joints)], other)
        if np.isfinite(misfit := bodies.misfit(read)):
            others.append((misfit, int(np.isnan(read).all(axis=(0, 2)).sum()), name))
    best, lacks, name = min(others, default=(float("nan"), 0, ""))
    # Some joint sets differ in eyes and ears only: suggest the one with the most similar name.
    alike = [other for unlike, _, other in others if unlike < best + 0.01]
    name = max(alike, key=lambda other: SequenceMatcher(None, other, mine.name).ratio(), default=name)
    wrong = np.isfinite(as_read) and as_read > ODD and (best < 0.6 * as_read or as_read > 2.0 * ODD)
    # As many joints as a known joint set has: read as that one, the body is better, or as good and complete. A joint
    # set of one's own may name joints that are never sent, so that what is made of them is missing.
    fewer = bool(never) and len(topology(name).joints) == count if name else False
    complete = mine.name in shipped and best < as_read + 0.05 and lacks < missing
    wrong |= fewer and best < ODD and (best < as_read - 0.15 or complete)
    if not wrong:
        return "", ""
    what = ", ".join(
        filter(None, [never, f"proportions are {as_read:.1f} off a body (people: 0.1 to 0.3)" if as_read > ODD else ""])
    )
    likely = name if best < ODD else ""
    guess = f"{likely}? set topology: {likely}" if likely else "set topology to the joint set of the tracker"
    return f"{what or 'joints are in another order'} as {mine.name}: {guess}", likely
