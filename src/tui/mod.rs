//! The screen of `craft monitor`.
