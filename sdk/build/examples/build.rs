//! Compiles every skill of a cargo workspace: `cargo run -p vouchsafe-build --example build -- FOLDER TARGET_DIR [from-source]`.

use std::path::Path;
use std::process::ExitCode;

use vouchsafe_build::{Profile, Toolchain};

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let say = &mut |line: &str| eprintln!("{line}");
    let (folder, target, toolchain) = match arguments {
        [folder, target] => (folder, target, Toolchain::find(say)?),
        [folder, target, way] if way == "from-source" => {
            (folder, target, Toolchain::from_source(say)?)
        }
        _ => return Err("usage: build FOLDER TARGET_DIR [from-source]".into()),
    };
    for component in toolchain.build_all(Path::new(folder), Path::new(target), Profile::Release)? {
        println!("{:24} {}", component.name, component.path.display());
    }
    Ok(())
}
