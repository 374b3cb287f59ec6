//! Who would have to say yes is the operator's word alone, and nobody is two people.
#![cfg(test)]

#[path = "approvals/enrolled.rs"]
mod enrolled;
