//! `ps-sync`: the verbs of the seed document, done by `craft beacon`.

fn main() {}
