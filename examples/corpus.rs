//! `cargo run --example corpus -- DIR SEED` writes the evaluation corpus of the secret scan to a folder:
//! `DIR/cases/<number>/<path>` and `DIR/manifest.json`, which says for each case whether it must block. The
//! planted values are not in the manifest. `--tree BYTES` writes the tree for speed instead.
#![allow(clippy::disallowed_methods, reason = "a tool of the tests writes files itself")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool that cannot go on has failed")]
#![allow(dead_code, unreachable_pub, missing_docs, reason = "the corpus is shared with the tests")]

#[path = "../tests/scan/corpus/mod.rs"]
mod corpus;

use serde_json::json;
use std::path::Path;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, seed, rest @ ..] = arguments.as_slice() else {
        panic!("usage: corpus DIR SEED [--tree BYTES]");
    };
    let (folder, seed) = (Path::new(folder), seed.parse().unwrap());
    if let [option, bytes] = rest {
        assert_eq!(option, "--tree", "no such option");
        let made = corpus::tree::tree(folder, bytes.parse().unwrap(), seed).unwrap();
        println!("{made:?}");
        return;
    }
    let mut manifest = Vec::new();
    for (at, case) in corpus::positives(seed).into_iter().chain(corpus::look_alikes(seed)).enumerate() {
        let path = folder.join("cases").join(format!("{at:04}")).join(&case.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &case.content).unwrap();
        manifest.push(json!({
            "case": format!("{at:04}"),
            "name": case.name,
            "tier": format!("{:?}", case.tier),
            "provider": case.provider,
            "path": path.strip_prefix(folder).unwrap(),
            "blocks": case.tier != corpus::Tier::LookAlike,
        }));
    }
    std::fs::write(folder.join("manifest.json"), serde_json::to_vec_pretty(&manifest).unwrap()).unwrap();
    println!("{} cases", manifest.len());
}
