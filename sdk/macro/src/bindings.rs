//! From a world to Rust: `wit-bindgen`'s module, what of it is in scope, and the export.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::parse::{Parse, ParseStream};
use syn::{LitStr, Token};
use wit_bindgen_core::wit_parser::{Resolve, WorldItem, WorldKey};
use wit_bindgen_core::{Files, Types, WorldGenerator, name_package_module};
use wit_bindgen_rust::{Opts, to_rust_ident};

use crate::world::{self, World};

/// `skill!(Type)`, `skill!(Type, world = "name")`, `skill!(Type, path = "wit")`.
pub(crate) struct Skill {
    implementor: Ident,
    world: Option<String>,
    path: Option<String>,
}

impl Parse for Skill {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut skill = Self {
            implementor: input.parse()?,
            world: None,
            path: None,
        };
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let key: Ident = input.parse()?;
            input.parse::<Token![=]>()?;
            let value = input.parse::<LitStr>()?.value();
            match key.to_string().as_str() {
                "world" => skill.world = Some(value),
                "path" => skill.path = Some(value),
                _ => return Err(syn::Error::new(key.span(), "expected `world` or `path`")),
            }
        }
        Ok(skill)
    }
}

/// The bindings of the skill whose crate is being compiled, and its exports bound to the type.
pub(crate) fn of_skill(skill: &Skill) -> Result<TokenStream> {
    let world = world::read(&folder(skill)?, skill.world.as_deref())?;
    let modules = exported_modules(&world)?;
    let scope = scope(&modules)?;
    let implemented = implemented(&modules, &skill.implementor)?;
    let files = watched(&world);
    let module = generate(world)?;
    let implementor = &skill.implementor;
    // Natively there is nobody to export to, and linkers refuse WIT's names; that the type
    // implements every interface is checked all the same.
    Ok(quote! {
        /// Made from the WIT in this crate: what the skill imports, and the traits that it implements.
        #[allow(warnings, unsafe_code, clippy::all, clippy::pedantic, clippy::restriction, reason = "generated")]
        mod bindings { #module #files }
        #scope
        #[cfg(target_family = "wasm")]
        #[allow(warnings, unsafe_code, clippy::all, clippy::pedantic, clippy::restriction, reason = "generated")]
        const _: () = { bindings::export!(#implementor with_types_in bindings); };
        #[cfg(not(target_family = "wasm"))]
        const _: () = { #implemented };
    })
}

/// Bindings to imported interfaces, for the SDK's own use.
pub(crate) fn of_imports(interfaces: &[String]) -> Result<TokenStream> {
    generate(world::importing(interfaces)?)
}

fn folder(skill: &Skill) -> Result<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "how cargo tells a macro whose crate it expands in"
    )]
    let root =
        std::env::var_os("CARGO_MANIFEST_DIR").context("cargo sets no `CARGO_MANIFEST_DIR`")?;
    Ok(PathBuf::from(root).join(skill.path.as_deref().unwrap_or("wit")))
}

fn generate(mut world: World) -> Result<TokenStream> {
    let mut files = Files::default();
    options(&world)
        .build()
        .generate(&mut world.resolve, world.id, &mut files)?;
    let (_, source) = files.iter().next().context("wit-bindgen made nothing")?;
    // Its example of `export!` would be run as a test of every skill.
    rust(&std::str::from_utf8(source)?.replace("/// ```rust", "/// ```text"))
}

fn options(world: &World) -> Opts {
    Opts {
        generate_all: true,
        runtime_path: Some("::vouchsafe_sdk::__private::wit_bindgen::rt".to_owned()),
        additional_derive_attributes: vec!["PartialEq".to_owned()],
        additional_derive_ignore: not_comparable(world),
        ..Opts::default()
    }
}

/// The types with a handle somewhere in them, which have no equality.
pub(crate) fn not_comparable(world: &World) -> Vec<String> {
    let mut types = Types::default();
    types.analyze(&world.resolve);
    let with_handles = world
        .resolve
        .types
        .iter()
        .filter(|(id, _)| types.get(*id).has_resource);
    with_handles
        .filter_map(|(_, definition)| definition.name.clone())
        .collect()
}

/// The modules with a `Guest` trait: one for each exported interface, and the root when the world
/// itself exports functions.
#[expect(clippy::indexing_slicing, reason = "the ids are this `Resolve`'s own")]
fn exported_modules(world: &World) -> Result<Vec<Vec<String>>> {
    let mut modules = Vec::new();
    for (key, item) in &world.resolve.worlds[world.id].exports {
        let module = match item {
            WorldItem::Interface { .. } => exported(&world.resolve, key)?,
            _ => vec!["bindings".to_owned()],
        };
        if !modules.contains(&module) {
            modules.push(module);
        }
    }
    Ok(modules)
}

/// Brings the exported interfaces into scope, so that `impl payments::Guest for Payments` and the
/// names of its types stand alone. Globs, so that what the author calls the same wins.
fn scope(modules: &[Vec<String>]) -> Result<TokenStream> {
    let mut uses = TokenStream::new();
    for module in modules {
        match module.split_last() {
            Some((_, parent)) if !parent.is_empty() => uses.extend(used(parent)?),
            // By name, so that the world's own `Guest` goes before those of its interfaces.
            _ => uses.extend(quote!(
                use self::bindings::Guest;
            )),
        }
        uses.extend(used(module)?);
    }
    Ok(uses)
}

/// Code that compiles if `implementor` implements the `Guest` of every module.
fn implemented(modules: &[Vec<String>], implementor: &Ident) -> Result<TokenStream> {
    let checks = modules.iter().map(|module| {
        let guest = rust(&format!("{}::Guest", module.join("::")))?;
        Ok(quote!(const _: () = { const fn implements<T: #guest>() {} implements::<#implementor>() };))
    });
    checks.collect()
}

/// The module that wit-bindgen gives an exported interface.
#[expect(clippy::indexing_slicing, reason = "the ids are this `Resolve`'s own")]
fn exported(resolve: &Resolve, key: &WorldKey) -> Result<Vec<String>> {
    let mut path = vec!["bindings".to_owned(), "exports".to_owned()];
    match key {
        WorldKey::Name(name) => path.push(to_rust_ident(name)),
        WorldKey::Interface(id) => {
            let interface = &resolve.interfaces[*id];
            let (Some(package), Some(name)) = (interface.package, &interface.name) else {
                bail!("an exported interface has no name");
            };
            path.push(to_rust_ident(&resolve.packages[package].name.namespace));
            path.push(name_package_module(resolve, package));
            path.push(to_rust_ident(name));
        }
    }
    Ok(path)
}

fn used(module: &[String]) -> Result<TokenStream> {
    let path = rust(&module.join("::"))?;
    Ok(quote!(#[allow(unused_imports, reason = "generated")] use self::#path::*;))
}

fn rust(text: &str) -> Result<TokenStream> {
    text.parse()
        .map_err(|error| anyhow::anyhow!("`{text}` is not Rust: {error}"))
}

/// Makes the compiler build again when a WIT file changes.
fn watched(world: &World) -> TokenStream {
    let files = world.files.iter().map(|file| {
        let path = LitStr::new(&file.to_string_lossy(), Span::call_site());
        quote!(
            const _: &[u8] = include_bytes!(#path);
        )
    });
    files.collect()
}
