//! What the monitor shows, as values: the data ([`model`]), the same as text ([`text`]), and what keys do ([`view`]).

pub mod model;
pub mod rows;
#[cfg(test)]
pub(crate) mod sample;
pub mod text;
pub mod view;
pub mod words;

pub use model::Dashboard;
