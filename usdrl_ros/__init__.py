"""ROS 2 around ``usdrl_model``: adapters, a lifecycle node, and tools for bags.

Everything that knows a ROS type lives here; everything that knows the model lives in ``usdrl_model``, which never
imports this package.
"""
