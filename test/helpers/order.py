"""Which files of tests begin first."""

LONG = (
    "benchmarks/test_abuse.py",
    "ros/node/test_perception_process.py",
    "ros/node/test_perception_hang.py",
    "ros/node/test_enrol.py",
    "model/training/test_pretrain_processes.py",
    "ros/bags/test_beside.py",
    "model/files/test_hostile_files.py",
    "ros/bags/test_evaluate_bag.py",
    "model/windows/test_one_window.py",
    "ros/processes/test_executables.py",
    "ros/demo/test_demo.py",
    "model/evaluation/test_baselines.py",
    "model/training/test_pretrain.py",
    "model/inference/test_export.py",
    "model/evaluation/test_tasks.py",
    "model/training/test_finetune.py",
    "model/plausibility/test_content_real.py",
    "model/data/test_datasets_trimmed.py",
    "model/data/test_datasets_mocap.py",
    "ros/client/test_greeter.py",
    "ros/agents/test_mcp.py",
    "ros/checking/test_check.py",
)
"""What takes longest, within ``test``: where several processes test, none is left with one of them at the end."""
