"""Lists and calls tools with the official client, in both ways that it can begin a session.

Usage: client.py PROGRAM ARGUMENT...      (the server over standard input and output)
       client.py URL                      (the server over streamable HTTP)
Prints one JSON object of what it saw for each mode.
"""

import asyncio
import json
import sys

from mcp import Client, StdioServerParameters
from mcp.shared.exceptions import MCPError


async def session(server: StdioServerParameters | str, mode: str) -> dict:
    progress = []

    async def note(done: float, total: float | None, message: str | None) -> None:
        progress.append(done)

    async with Client(server, mode=mode) as client:
        tools = await client.list_tools()
        said = await client.call_tool("echo_say", {"text": "grüß\u200bdich"})
        wrong = await client.call_tool("echo_say", {"text": 1})
        slow = await client.call_tool("sleeper_sleep", {"milliseconds": 1200}, progress_callback=note)
        try:
            await client.call_tool("nobody", {})
            unknown = None
        except MCPError as error:
            unknown = error.error.code
        together = await asyncio.gather(*(client.call_tool("echo_say", {"text": str(n)}) for n in range(50)))
        try:
            await asyncio.wait_for(client.call_tool("sleeper_sleep", {"milliseconds": 15000}), 1)
            raise AssertionError("it was not given up")
        except asyncio.TimeoutError:
            after = await client.call_tool("echo_say", {"text": "still here"})
        return {
            "revision": client.protocol_version,
            "tools": [tool.name for tool in tools.tools],
            "said": said.structured_content,
            "wrong": [wrong.is_error, wrong.content[0].text],
            "slow": [slow.is_error, len(progress)],
            "unknown": unknown,
            "together": [answer.structured_content["result"] for answer in together],
            "after": after.structured_content,
        }


async def main() -> None:
    program, *arguments = sys.argv[1:]
    over_http = program.startswith("http://")
    server = program if over_http else StdioServerParameters(command=program, args=arguments)
    print(json.dumps({mode: await session(server, mode) for mode in ("auto", "legacy")}))


asyncio.run(main())
