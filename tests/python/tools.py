"""A server of the official kind, with one tool, over streamable HTTP on loopback.

Usage: tools.py DESCRIPTION      (prints its port once it listens)
"""

import socket
import sys

import uvicorn
from mcp.server import MCPServer

server = MCPServer("tools")


@server.tool(description=sys.argv[1])
def create_ticket(title: str) -> dict[str, str]:
    return {"made": title}


listener = socket.socket()
listener.bind(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
app = server.streamable_http_app(json_response=len(sys.argv) > 2)
uvicorn.Server(uvicorn.Config(app, log_level="error")).run(sockets=[listener])
