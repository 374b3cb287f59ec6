//! What a skill is: manifest, tools from WIT, pack, sign, verify. Nothing runs here.

pub mod digest;
pub mod effect;
pub mod limits;
pub mod manifest;
pub mod name;
pub mod package_id;
pub mod signing;
pub mod tier;
pub mod tool;
pub mod value;
pub mod wit_type;

pub use digest::Digest;
pub use effect::Effect;
pub use limits::Limits;
pub use manifest::Manifest;
pub use name::SkillName;
pub use package_id::PackageId;
pub use semver::Version;
pub use tier::Tier;
pub use tool::{Export, Param, Tool};
pub use wit_type::{Case, Field, Name, Type};
