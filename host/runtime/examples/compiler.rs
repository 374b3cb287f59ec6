//! The smallest program that an engine can compile with; the real one is `vouchsafe __compile`.

fn main() -> Result<(), vouchsafe_runtime::CompileError> {
    vouchsafe_runtime::compile_child_main(std::io::stdin().lock(), std::io::stdout().lock())
}
