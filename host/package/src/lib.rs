//! What a skill is: manifest, tools from WIT, pack, sign, verify. Nothing runs here.

mod as_text;
pub mod assemble;
pub mod condition;
pub mod credentials;
pub mod diff;
pub mod digest;
pub mod effect;
pub mod imports;
pub mod inert;
pub mod inspect;
pub mod limits;
pub mod manifest;
pub mod name;
pub mod pack;
pub mod package;
pub mod package_id;
pub mod reader;
pub mod schema;
pub mod signing;
mod spoken;
#[cfg(test)]
mod testing;
pub mod tier;
pub mod tool;
pub mod value;
pub mod wit;
pub mod wit_type;
pub mod words;

pub use digest::Digest;
pub use effect::Effect;
pub use imports::{Imports, Kind};
pub use limits::Limits;
pub use manifest::Manifest;
pub use name::SkillName;
pub use package::mark::Marks;
pub use package::{Package, ReadError};
pub use package_id::PackageId;
pub use reader::ReadLimits;
pub use semver::Version;
pub use tier::Tier;
pub use tool::{Export, Param, Tool};
pub use wit_type::{Case, Field, Name, Type};
