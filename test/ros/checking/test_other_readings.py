"""Where what is heard can be read in two ways, both are said."""

import pytest

pytest.importorskip("rclpy", reason="needs the ROS 2 messages")

from helpers.checked_source import captured, perform, report, steps  # noqa: E402

RIGHT = (-1.0, 1.0, 1.0)
"""x to the right instead of to the left: axes of the other hand."""


@pytest.mark.parametrize(("axes", "given"), [("kinect", ("axes", "kinect")), ("body", ("axes", "body"))])
def test_left_handed_axes_are_told_besides_swapped_names(axes, given):
    """Unity: x right, y up, z forward; Unreal: x forward, y right, z up."""
    found = report(captured(perform(), axes=axes, change=lambda joints: joints * RIGHT))
    assert steps(found) == [given, ("mirrored", True)]
    assert "if axes are left-handed (Unity: y up, Unreal: z up), publish -y instead" in found.steps[1].why.text
    mended = captured(perform(), axes="optical" if axes == "kinect" else "body")
    assert report(mended, axes="optical" if axes == "kinect" else "body").fine, "what -y makes of them"
