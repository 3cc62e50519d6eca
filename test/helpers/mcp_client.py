"""The official client of the Model Context Protocol, asked from ordinary test functions."""

import os
import sys
from contextlib import contextmanager

from anyio.from_thread import start_blocking_portal
from mcp import Client, StdioServerParameters

SERVER = ["-m", "usdrl_ros.agents.mcp_server"]


def environment():
    """What the server needs of the test's: clients pass on hardly anything by themselves."""
    names = ("PYTHONPATH", "ROS_DOMAIN_ID", "ROS_AUTOMATIC_DISCOVERY_RANGE", "ROS_LOCALHOST_ONLY", "OMP_NUM_THREADS")
    ros = ("AMENT_PREFIX_PATH", "LD_LIBRARY_PATH", "_ROS_WHEELS_BOOTSTRAP_COMPLETE")
    return {name: os.environ[name] for name in (*names, *ros) if name in os.environ}


class Asked:
    """A running server and a client; every answer is (is_error, content)."""

    def __init__(self, portal, client):
        self._portal, self._client = portal, client

    def tools(self):
        return {tool.name: tool for tool in self._portal.call(self._client.list_tools).tools}

    def later(self, tool, **arguments):
        """A future of the answer."""
        return self._portal.start_task_soon(self._call, tool, arguments)

    def __call__(self, tool, **arguments):
        return self.later(tool, **arguments).result(60.0)

    async def _call(self, tool, arguments):
        result = await self._client.call_tool(tool, arguments)
        if result.is_error:
            return True, result.content[0].text.removeprefix(f"Error executing tool {tool}: ")
        return False, result.structured_content


@contextmanager
def asked(*arguments):
    """Start the server over stdio, with the official client."""
    server = StdioServerParameters(command=sys.executable, args=[*SERVER, *arguments], env=environment())
    with start_blocking_portal() as portal:
        client = portal.call(_make, server)
        with portal.wrap_async_context_manager(client):
            yield Asked(portal, client)


async def _make(server):
    return Client(server)
