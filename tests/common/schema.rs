//! Whether requests and answers are as GitHub's own description of its interface has them. It is not part of this
//! repository: `CRAFT_TEST_OPENAPI` names its folder, else it is looked for beside the checkout.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use jsonschema::Validator;
use serde_json::Value;

use super::weather::{Asked, Reply};

/// The description; `None` where it is not there, which is said once.
fn described() -> Option<&'static Value> {
    static DESCRIBED: OnceLock<Option<Value>> = OnceLock::new();
    let read = || {
        let folder = std::env::var_os("CRAFT_TEST_OPENAPI").map(PathBuf::from);
        let folder = folder.unwrap_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/openapi")));
        let file = folder.join("github-issues.openapi.json");
        let Ok(bytes) = std::fs::read(&file) else {
            eprintln!(
                "SKIPPED: requests and answers are not held against GitHub's description, which is not at {}",
                file.display()
            );
            return None;
        };
        Some(serde_json::from_slice(&bytes).unwrap())
    };
    DESCRIBED.get_or_init(read).as_ref()
}

/// The path of the description that a target has, and its parts.
fn template<'d>(described: &'d Value, path: &str) -> Option<&'d String> {
    let parts: Vec<_> = path.split('/').collect();
    described["paths"].as_object()?.keys().find(|key| {
        let wanted: Vec<_> = key.split('/').collect();
        wanted.len() == parts.len() && wanted.iter().zip(&parts).all(|(w, p)| w.starts_with('{') || w == p)
    })
}

/// Compiling takes a while, so each is compiled once.
fn validator(described: &'static Value, pointer: &str) -> Arc<Validator> {
    static COMPILED: Mutex<BTreeMap<String, Arc<Validator>>> = Mutex::new(BTreeMap::new());
    let mut compiled = COMPILED.lock().unwrap();
    let make = || {
        let mut root = described.clone();
        // In a reference, braces are percent-encoded.
        let reference = format!("#{}", pointer.replace('{', "%7B").replace('}', "%7D"));
        root.as_object_mut().unwrap().insert("$ref".into(), reference.into());
        root.as_object_mut().unwrap().remove("openapi");
        Arc::new(jsonschema::draft202012::new(&root).unwrap_or_else(|e| panic!("{pointer}: {e}")))
    };
    Arc::clone(compiled.entry(pointer.to_owned()).or_insert_with(make))
}

fn faults(described: &'static Value, pointer: &str, what: &str, body: &[u8]) -> Vec<String> {
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return vec![format!("{what}: no JSON")] };
    let validator = validator(described, pointer);
    validator.iter_errors(&value).map(|e| format!("{what}: {}: {e}", e.instance_path())).collect()
}

/// What is wrong with a request.
pub fn request(asked: &Asked) -> Vec<String> {
    let Some(described) = described() else { return Vec::new() };
    let (path, query) = asked.target.split_once('?').unwrap_or((&asked.target, ""));
    // What is asked of a proxy is none of it, and where GitHub sends on who asks for what was renamed it describes nowhere.
    if asked.method == "CONNECT" || path.starts_with("/repositories/") {
        return Vec::new();
    }
    let what = format!("{} {}", asked.method, asked.target);
    let method = asked.method.to_lowercase();
    let Some(key) = template(described, path).filter(|key| described["paths"][*key][&method].is_object()) else {
        return vec![format!("{what}: there is no such thing")];
    };
    let operation = &described["paths"][key][&method];
    let mut wrong = Vec::new();
    let resolve = |p: &Value| match p["$ref"].as_str() {
        Some(reference) => described.pointer(reference.trim_start_matches('#')).unwrap().clone(),
        None => p.clone(),
    };
    let parameters: Vec<_> = operation["parameters"].as_array().into_iter().flatten().map(resolve).collect();
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match parameters.iter().find(|p| p["in"] == "query" && p["name"] == name) {
            None => wrong.push(format!("{what}: there is no parameter {name}")),
            Some(p) => {
                let allowed = p["schema"]["enum"].as_array();
                if allowed.is_some_and(|all| all.iter().all(|one| one != value)) {
                    wrong.push(format!("{what}: {name} is {value}"));
                }
            }
        }
    }
    for (name, wanted) in
        [("user-agent", "claude-craft/"), ("accept", "application/vnd.github"), ("x-github-api-version", "20")]
    {
        // gh is no client of ours.
        let gh = asked.header("user-agent").is_some_and(|a| a.starts_with("GitHub CLI"));
        if !gh && asked.header(name).is_none_or(|v| !v.starts_with(wanted)) {
            wrong.push(format!("{what}: the header {name} is {:?}", asked.header(name)));
        }
    }
    if operation["requestBody"].is_object() {
        let escaped = key.replace('~', "~0").replace('/', "~1");
        let pointer = format!("/paths/{escaped}/{method}/requestBody/content/application~1json/schema");
        wrong.extend(faults(described, &pointer, &what, &asked.body));
    }
    wrong
}

/// What is wrong with an answer of the server behind.
pub fn answer(asked: &Asked, reply: &Reply) -> Vec<String> {
    let Some(described) = described() else { return Vec::new() };
    let path = asked.target.split('?').next().unwrap_or_default();
    let method = asked.method.to_lowercase();
    let Some(key) = template(described, path) else { return Vec::new() };
    // The stand-in lacks two counters there.
    if !(200..300).contains(&reply.status) || key == "/repos/{owner}/{repo}" {
        return Vec::new();
    }
    let what = format!("the answer to {} {} ({})", asked.method, asked.target, reply.status);
    let response = &described["paths"][key][&method]["responses"][reply.status.to_string()];
    let escaped = key.replace('~', "~0").replace('/', "~1");
    let inner = match response["$ref"].as_str() {
        Some(reference) => reference.trim_start_matches('#').to_owned(),
        None if response.is_object() => format!("/paths/{escaped}/{method}/responses/{}", reply.status),
        None => return vec![format!("{what}: it is not described")],
    };
    faults(described, &format!("{inner}/content/application~1json/schema"), &what, &reply.body)
}
