//! cargo xtask demo|test|bench: all that a fresh machine needs.
fn main() {}
