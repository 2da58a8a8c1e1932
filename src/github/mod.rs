//! GitHub's REST interface, as far as it is used.
