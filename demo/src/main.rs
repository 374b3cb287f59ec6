//! What `cargo xtask demo` shows.
fn main() {}
