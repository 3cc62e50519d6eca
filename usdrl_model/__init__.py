"""USDRL, a skeleton foundation model, offline and online, in plain Python and torch (no ROS in here).

Letters used in every shape of this package:

=== ==================================================================================
N   batch: windows, clips
T   frames of a window, 64 in every published checkpoint
M   people in a window
V   joints, 25 after the mapping onto the canonical skeleton
C   coordinates, 3: x (to the sensor's left), y (up), z (away from the sensor), metres
D   features: hidden size of the encoder
K   classes, background ("none") included as class 0
=== ==================================================================================

Arrays are (N, T, M, V, C) at every public boundary; times are seconds.

Who does what, in five lines::

    from usdrl_model.online.stream import ActionStream

    stream = ActionStream.from_pretrained(topology="kinect_v2_25")
    for frame in frames:                       # usdrl_model.skeleton.person.SkeletonFrame
        for event in stream.push(frame):
            print(event.kind, event.person, event.label, event.onset, event.score)
"""

__version__ = "0.1.0"
