//! Tools of external MCP servers: which of them a skill may call, where, and as which exact definition. Pure.

mod admit;
mod definition;
pub(crate) mod effective;

pub use admit::{Accepted, Calling, Changed, Upstreams};
pub use definition::{Definition, Difference, NotATool, is_tool_name};
pub use effective::EffectiveUpstream;

#[cfg(test)]
mod tests;
