//! The procedural half of `vouchsafe-sdk`; use it through that crate, which documents it.

mod bindings;
mod world;

use proc_macro::TokenStream;
use syn::parse_macro_input;

/// See `vouchsafe_sdk::skill`.
#[proc_macro]
pub fn skill(input: TokenStream) -> TokenStream {
    let skill = parse_macro_input!(input as bindings::Skill);
    finish(bindings::of_skill(&skill))
}

/// Bindings to an interface that the SDK itself imports; not for skills.
#[doc(hidden)]
#[proc_macro]
pub fn import(input: TokenStream) -> TokenStream {
    let interface = parse_macro_input!(input as syn::LitStr);
    finish(bindings::of_import(&interface.value()))
}

fn finish(result: anyhow::Result<proc_macro2::TokenStream>) -> TokenStream {
    result
        .unwrap_or_else(|error| {
            let message = format!("{error:#}");
            quote::quote!(::core::compile_error!(#message);)
        })
        .into()
}
