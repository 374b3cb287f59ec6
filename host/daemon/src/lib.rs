//! The owner process: MCP, control, one log writer.
