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

/// Bindings to interfaces that the SDK itself imports; not for skills.
#[doc(hidden)]
#[proc_macro]
pub fn import(input: TokenStream) -> TokenStream {
    let listed = syn::punctuated::Punctuated::<syn::LitStr, syn::Token![,]>::parse_terminated;
    let interfaces = parse_macro_input!(input with listed);
    let interfaces: Vec<String> = interfaces.iter().map(syn::LitStr::value).collect();
    finish(bindings::of_imports(&interfaces))
}

fn finish(result: anyhow::Result<proc_macro2::TokenStream>) -> TokenStream {
    result
        .unwrap_or_else(|error| {
            let message = format!("{error:#}");
            quote::quote!(::core::compile_error!(#message);)
        })
        .into()
}
