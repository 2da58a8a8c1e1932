//! JSON texts that belong to somebody else: read strictly, and edited by cutting, so that every byte that is not
//! meant stays as it is. Used for the client's settings files and for the block of a plan's book.

pub mod document;
mod loose;
mod read;
pub mod style;
