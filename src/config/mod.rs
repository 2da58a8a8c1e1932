//! What the user wants: `craft/config.json`, and what a project's `.claude/craft.json` takes away.

pub mod load;
pub mod model;
pub mod narrow;
pub mod policy;

pub use load::{ConfigError, load, parse};
pub use model::{Config, Repository};
pub use policy::Policy;
