//! Write a skill: one macro and a plain `impl`.
//!
//! A skill is a `wit/` folder that says what it offers and what it needs, a type of yours that
//! implements what it offers, and a manifest, `skill.toml`, which the host reads:
//!
//! ```text
//! Cargo.toml      crate-type = ["cdylib", "rlib"], and vouchsafe-sdk
//! skill.toml      the effect of each tool, and what the skill asks for
//! wit/world.wit   its interface, with the words that an agent and a reviewer see
//! src/lib.rs      the code
//! ```
//!
//! Say that `wit/world.wit` is
//!
//! ```wit
#![doc = include_str!("../wit/world.wit")]
//! ```
//!
//! then the whole of `src/lib.rs` is
//!
//! ```
//! vouchsafe_sdk::skill!(Greeter);
//!
//! struct Greeter;
//!
//! impl greeting::Guest for Greeter {
//!     fn greet(person: Person) -> Result<String, Problem> {
//!         if person.name.is_empty() {
//!             return Err(Problem::Nameless);
//!         }
//!         vouchsafe_sdk::log::info("greeted somebody");
//!         Ok(format!("Good day, {}.", person.name))
//!     }
//! }
//! # fn main() {
//! let anna = Person { name: "Anna".to_owned(), age: None };
//! assert_eq!(<Greeter as greeting::Guest>::greet(anna), Ok("Good day, Anna.".to_owned()));
//! # }
//! ```
//!
//! Nothing else is laid beside it: the macro carries WASI's WIT and the package `vouchsafe:skill`,
//! so `import wasi:http/outgoing-handler@0.2.12;` resolves in a fresh clone.
//!
//! Functions of a skill are ordinary functions: `cargo test` runs them natively. What a skill
//! imports exists only in the host, and panics natively; [`log`] prints to stderr instead, requests of
//! [`http`], prompts of [`model`], statements of [`sql`] and tools of [`upstream`] have no answer, and there are no
//! [`settings`].

// The generated code names this crate, and the crate itself has some (`log`).
extern crate self as vouchsafe_sdk;

pub mod http;
pub mod log;
pub mod model;
pub mod settings;
pub mod sql;
pub mod upstream;

/// Makes the Rust of a skill from its WIT, and exports `Type` as its implementation.
///
/// ```text
/// vouchsafe_sdk::skill!(Type);                         // the only world in wit/
/// vouchsafe_sdk::skill!(Type, world = "skill");        // one of several
/// vouchsafe_sdk::skill!(Type, path = "interface");     // another folder
/// ```
///
/// For each interface that the world exports, its module (with the trait `Guest` to implement)
/// and its types are in scope by their own names, and yield to names of yours. Functions that the
/// world itself exports are in the trait `Guest`. What the world imports is in `bindings`, such as
/// `bindings::wasi::http::outgoing_handler`. Types without handles in them compare with `==`.
///
/// The crate must not `forbid(unsafe_code)`: the generated module has the calling convention in it.
pub use vouchsafe_sdk_macro::skill;

/// What the macro's output refers to. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use wit_bindgen;
}
