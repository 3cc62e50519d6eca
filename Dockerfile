# The package on a robot's computer. ROS_DISTRO: humble, jazzy or kilted.
#
#   docker build --build-arg ROS_DISTRO=jazzy -t usdrl_ros .
#   docker run --rm -it --network host --ipc host -e ROS_DOMAIN_ID usdrl_ros
#   docker run --rm -it --network host --ipc host usdrl_ros ros2 run usdrl_ros usdrl-perception --help
ARG ROS_DISTRO=jazzy
FROM ros:${ROS_DISTRO}-ros-base
ARG ROS_DISTRO
# What pip is given for torch: "torch" brings CUDA; --index-url of the CPU build makes a smaller image.
ARG TORCH=torch
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN apt-get update && apt-get install -y --no-install-recommends python3-venv && rm -rf /var/lib/apt/lists/*

# An environment that sees ROS; Ubuntu 24.04 lets pip install nowhere else (docs/install.md).
RUN python3 -m venv --system-site-packages /venv
ENV PATH=/venv/bin:$PATH
RUN pip install ${TORCH} && pip install safetensors rosbags matplotlib rich tqdm "transforms3d>=0.4.2" "setuptools<80"

WORKDIR /ws
COPY package.xml src/usdrl_ros/
RUN apt-get update && rosdep update --rosdistro ${ROS_DISTRO} \
    && rosdep install --from-paths src --ignore-src -y --dependency-types exec \
    && rm -rf /var/lib/apt/lists/*
COPY . src/usdrl_ros
RUN . /opt/ros/${ROS_DISTRO}/setup.sh && python -m colcon build --packages-select usdrl_ros

ENTRYPOINT ["/bin/bash", "-c", "source /ws/install/setup.bash && exec \"$@\"", "--"]
CMD ["ros2", "launch", "usdrl_ros", "perception.launch.py"]
