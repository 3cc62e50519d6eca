"""Build of the package for colcon (ament_python) and for pip; see CONTRIBUTING.md for the difference."""

import os
import re
from glob import glob
from pathlib import Path

import setuptools
from setuptools import find_packages, setup

PACKAGE = "usdrl_ros"
ROOT = Path(__file__).parent
VERSION = re.search(r'^__version__ = "(.+)"$', (ROOT / "usdrl_model/__init__.py").read_text(encoding="utf-8"), re.M)[1]

# For robots that run an exported detector (docs/install.md, "Without torch"). No extra can take a requirement away: pip
# installs those of the package itself with every extra.
TORCH = [] if os.environ.get("USDRL_WITHOUT_TORCH") == "1" else ["torch>=2.1"]

# Of the code and of free weights; of the others (LICENSE-WEIGHTS), as package.xml has it.
TERMS = "Apache-2.0 AND LicenseRef-research-only-weights-except-free"
# An expression of its own in the metadata from setuptools 77 on; older ones, as colcon takes, warn of that key.
KEYS = ("license", "license_expression") if int(setuptools.__version__.split(".")[0]) >= 77 else ("license",)


def ros_wheels(distro: str, rclpy: str, common_interfaces: str) -> list[str]:
    """Pinned wheels of ROS 2 for machines without an apt installation (x86-64 Linux, CPython 3.10 to 3.13)."""
    messages = ("diagnostic-msgs", "geometry-msgs", "sensor-msgs", "std-msgs", "std-srvs", "visualization-msgs")
    return [f"ros-{distro}-rclpy[fastrtps]=={rclpy}", *(f"ros-{distro}-{m}=={common_interfaces}" for m in messages)]


JAZZY = ros_wheels("jazzy", rclpy="7.1.6", common_interfaces="5.3.6")

setup(
    name=PACKAGE,
    version=VERSION,
    description="Online detection of human actions from skeletons, for humanoid robots (ROS 2)",
    **dict.fromkeys(KEYS, TERMS),
    license_files=["LICENSE", "LICENSE-WEIGHTS"],
    maintainer="usdrl_ros maintainers",
    maintainer_email="maintainers@users.noreply.github.com",
    python_requires=">=3.10",
    packages=find_packages(include=["usdrl_model", "usdrl_model.*", "usdrl_ros", "usdrl_ros.*"]),
    package_data={
        "usdrl_model": [
            "py.typed",
            "skeleton/topologies.yaml",
            "checkpoints/detectors/**/*",
            "checkpoints/encoders/**/*",
        ],
        "usdrl_ros": ["py.typed", "outputs/schema/*.json", "bags/page/*"],
    },
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml", "LICENSE", "LICENSE-WEIGHTS"]),
        (f"share/{PACKAGE}/docs", sorted(glob("docs/*.md"))),
        (f"share/{PACKAGE}/docs/images", sorted(glob("docs/images/*"))),
        (f"share/{PACKAGE}/examples", sorted(glob("examples/*.py"))),
        (f"share/{PACKAGE}/examples/behaviortree_cpp", sorted(glob("examples/behaviortree_cpp/*"))),
        (f"share/{PACKAGE}/launch", sorted(glob("launch/*.launch.py"))),
        (f"share/{PACKAGE}/config", sorted(glob("config/*.yaml") + glob("config/*.rviz") + glob("config/*.json"))),
        (f"share/{PACKAGE}/config/benchmarks", sorted(glob("config/benchmarks/*.yaml"))),
        (f"share/{PACKAGE}/config/continuous", sorted(glob("config/continuous/*.yaml"))),
        (f"share/{PACKAGE}/config/labels", sorted(glob("config/labels/*.yaml"))),
        (f"share/{PACKAGE}/config/suites", sorted(glob("config/suites/*.yaml"))),
    ],
    zip_safe=False,
    install_requires=["numpy>=1.21", "pyyaml>=5.4", "safetensors>=0.4", *TORCH, "transforms3d>=0.4.2"],
    extras_require={
        "ros": JAZZY,  # the long-term release
        "ros-jazzy": JAZZY,
        "ros-kilted": ros_wheels("kilted", rclpy="9.1.2", common_interfaces="5.5.1"),
        "bags": ["backports.zstd", "lz4", "matplotlib", "rich", "rosbags>=0.11", "tqdm"],
        # Up to this release the wheels bring the model of poses; newer ones need a file (docs/camera.md).
        "camera": [
            "mediapipe>=0.10.18,<=0.10.21; python_version < '3.13'",
            "mediapipe>=1.2; python_version >= '3.13'",
        ],
        "docs": ["mkdocs>=1.6"],
        "hub": ["huggingface_hub"],
        "ids": ["scipy"],
        "mcp": ["mcp>=2"],
        "onnx": ["onnx>=1.17", "onnxruntime>=1.20", "onnxscript>=0.5", "torch>=2.9"],
        "rerun": ["rerun-sdk>=0.24"],
        "runtime": ["onnxruntime>=1.20"],
        "trees": ["py_trees>=2.2"],
        "train": ["matplotlib", "tensorboard", "tqdm"],
        "test": [
            "hypothesis",
            "jsonschema",
            "mcp>=2",
            "mypy",
            "psutil",
            "py_trees>=2.2",
            "pytest",
            "pytest-xdist",
            "ruff",
            "scipy",
            "setuptools",
            "types-PyYAML",
            "types-jsonschema",
            "types-psutil",
            "types-tqdm",
        ],
    },
    entry_points={
        "console_scripts": [
            "usdrl = usdrl_model.cli.main:command",
            "usdrl-bag = usdrl_ros.processes.executables:bag",
            "usdrl-camera = usdrl_ros.camera.main:main",
            "usdrl-check = usdrl_ros.processes.executables:check",
            "usdrl-demo = usdrl_ros.processes.executables:demo",
            "usdrl-evaluate-bag = usdrl_ros.processes.executables:evaluate_bag",
            "usdrl-mcp = usdrl_ros.processes.executables:mcp",
            "usdrl-perception = usdrl_ros.node.main:main",
            "usdrl-performer = usdrl_ros.processes.executables:performer",
            "usdrl-play = usdrl_ros.processes.executables:play",
        ],
        # Input adapters, the value of the parameter input_type; other packages register theirs in the same group.
        "usdrl_ros.inputs": [
            "hiros = usdrl_ros.inputs.hiros:ADAPTER",
            "marker_array = usdrl_ros.inputs.marker_array:ADAPTER",
            "mediapipe_array = usdrl_ros.inputs.mediapipe:NUMBERS",
            "mediapipe_cloud = usdrl_ros.inputs.mediapipe:CLOUD",
            "mediapipe_json = usdrl_ros.inputs.mediapipe_json:ADAPTER",
            "mediapipe_poses = usdrl_ros.inputs.mediapipe:POSES",
            "nuitrack = usdrl_ros.inputs.nuitrack:ADAPTER",
            "opendr = usdrl_ros.inputs.opendr:ADAPTER",
            "openpose_json = usdrl_ros.inputs.openpose_json:ADAPTER",
            "point_cloud = usdrl_ros.inputs.point_cloud:ADAPTER",
            "pose_array = usdrl_ros.inputs.pose_array:ADAPTER",
            "rep155 = usdrl_ros.inputs.rep155:ADAPTER",
            "rep155_tf = usdrl_ros.inputs.rep155_tf:ADAPTER",
            "rigid_bodies = usdrl_ros.inputs.rigid_bodies:ADAPTER",
            "tf_frames = usdrl_ros.inputs.tf_frames:ADAPTER",
            "yolo = usdrl_ros.inputs.yolo:ADAPTER",
            "yolo_2d = usdrl_ros.inputs.yolo:PLANE",
            "zed = usdrl_ros.inputs.zed:ADAPTER",
        ],
    },
)
