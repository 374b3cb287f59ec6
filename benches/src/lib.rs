//! The measured tables of the README.
