"""Leaves of behaviour trees (py_trees) that know what people do, through one ``ActionsClient``.

::

    client = ActionsClient(node)
    root = py_trees.composites.Sequence("greet", memory=True, children=[
        WaitForAction(client, "wave", who="guest"),          # the blackboard has guest's id from then on
        WhileHere(client, "guest", grace=2.0) ...
    ])

A leaf is never true of a node that has died: within a second its state is stale, and leaves fail. Edges
between two ticks are not lost, because ``WaitForAction`` counts events instead of looking at the moment. Who is meant
is kept by id under a key of the blackboard, so that two people who do the same are two.

Actions (``wave``) and states by geometry (``sitting``, ``pointing_left``; docs/states.md) are named alike.
"""

from usdrl_ros.behaviours.doing import ActionsToBlackboard, IsDoing, WaitForAction
from usdrl_ros.behaviours.enrol import EnrolGesture
from usdrl_ros.behaviours.people import ApproachesFast, WaitForPerson, WhileHere

__all__ = [
    "ActionsToBlackboard",
    "ApproachesFast",
    "EnrolGesture",
    "IsDoing",
    "WaitForAction",
    "WaitForPerson",
    "WhileHere",
]
