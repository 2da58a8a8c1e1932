//! Installing, as values: the kinds there are, what each needs of the client, what is put where.

pub mod driver;
pub mod kind;
pub mod payload;

pub use kind::{Kind, Scope, Version};
