//! From a component, its manifest and its WIT directory to a packed skill.

use std::path::Path;

use anyhow::Context as _;
use vouchsafe_ambient::files;
use vouchsafe_daemon::store::MAX_COMPONENT;
use vouchsafe_package::pack::{self, Input};
use vouchsafe_package::wit::source::File;
use vouchsafe_package::{Package, ReadLimits};

/// The largest text file of a skill, in bytes.
const MAX_TEXT: u64 = 1 << 20;

/// A packed skill and what it says of itself.
pub(crate) struct Packed {
    pub(crate) bytes: Vec<u8>,
    pub(crate) package: Package,
}

impl Packed {
    /// The name of its file: `NAME-VERSION.wasm`.
    pub(crate) fn file_name(&self) -> String {
        format!("{}-{}.wasm", self.package.name.name(), self.package.version)
    }
}

/// Packs `component` with the manifest in `manifest` and the WIT files in `wit`.
///
/// # Errors
/// When a file can't be read, or the parts don't fit together; the error names the line.
pub(crate) fn pack(component: &Path, manifest: &Path, wit: &Path) -> anyhow::Result<Packed> {
    let input = Input {
        component: files::read_bounded(component, MAX_COMPONENT)?,
        manifest: text(manifest)?,
        wit: wit_files(wit)?,
    };
    let bytes = pack::pack(input)?;
    let package = Package::read(&bytes, &ReadLimits::default())?;
    Ok(Packed { bytes, package })
}

/// The WIT files of a skill, and those of the packages that every skill may import.
fn wit_files(directory: &Path) -> anyhow::Result<Vec<File>> {
    let mut found = Vec::new();
    collect(directory, "", &mut found)?;
    let deps = files::directories(&directory.join("deps"))?;
    for name in &deps {
        collect(
            &directory.join("deps").join(name),
            &format!("deps/{name}/"),
            &mut found,
        )?;
    }
    collect(&directory.join("deps"), "deps/", &mut found)?;
    // A skill without WIT has none to resolve.
    if found.is_empty() {
        return Ok(found);
    }
    let own = found.iter().map(|file| file.text.as_str());
    let carried = vouchsafe_wit::missing_from(own).into_iter();
    let carried = carried.map(|(path, text)| File {
        path,
        text: text.to_owned(),
    });
    found.extend(carried.collect::<Vec<_>>());
    Ok(found)
}

fn collect(directory: &Path, prefix: &str, found: &mut Vec<File>) -> anyhow::Result<()> {
    let names = files::list(directory)?;
    for name in names.iter().filter(|name| name.ends_with(".wit")) {
        found.push(File {
            path: format!("{prefix}{name}"),
            text: text(&directory.join(name))?,
        });
    }
    Ok(())
}

fn text(path: &Path) -> anyhow::Result<String> {
    let bytes = files::read_bounded(path, MAX_TEXT)?;
    String::from_utf8(bytes).with_context(|| format!("`{}` is not UTF-8", path.display()))
}
