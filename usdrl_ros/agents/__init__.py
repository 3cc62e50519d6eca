"""Tools for language models: what people do, as an MCP server."""
