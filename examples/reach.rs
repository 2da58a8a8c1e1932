#[path = "../tests/scan/corpus/mod.rs"]
#[allow(dead_code, missing_docs, unreachable_pub)]
mod corpus;
use claude_craft::scan::*;
fn walk(p: &std::path::Path, out: &mut Vec<std::path::PathBuf>) {
    if p.is_dir() {
        for e in std::fs::read_dir(p).unwrap() {
            walk(&e.unwrap().path(), out);
        }
    } else {
        out.push(p.to_owned());
    }
}
fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect();
    f[11].parse::<f64>().unwrap() / 100.0
}
fn main() {
    let first = std::env::args().nth(1).unwrap_or_default();
    if let Some(dir) = first.strip_prefix("dir:") {
        let t0 = std::time::Instant::now();
        let scanner = Scanner::new(UserRules::default());
        println!("start {:?}", t0.elapsed());
        let salt = Salt::new([1u8; 16]);
        let mut files = Vec::new();
        walk(std::path::Path::new(dir), &mut files);
        let data: Vec<_> =
            files.iter().map(|f| (f.to_string_lossy().into_owned(), std::fs::read(f).unwrap())).collect();
        let c0 = cpu();
        let (mut bytes, mut n) = (0, 0);
        let mut per = std::collections::BTreeMap::<String, (f64, usize, usize)>::new();
        for (p, c) in &data {
            let t = std::time::Instant::now();
            bytes += c.len();
            let k = scanner.scan(&salt, p, c).findings.len();
            n += k;
            let e = per.entry(p.rsplit('.').next().unwrap().to_owned()).or_default();
            e.0 += t.elapsed().as_secs_f64();
            e.1 += c.len();
            e.2 += k;
        }
        let s = cpu() - c0;
        println!(
            "{} files {:.1} MB {:.2} s {:.1} MB/s {} findings",
            data.len(),
            bytes as f64 / 1e6,
            s,
            bytes as f64 / 1e6 / s,
            n
        );
        let mut v: Vec<_> = per.into_iter().collect();
        v.sort_by(|a, b| b.1.0.total_cmp(&a.1.0));
        for (k, (t, b, n)) in v.into_iter().take(12) {
            println!("  {k:>12} {:.2}s {:.1}MB {:.1}MB/s {n}", t, b as f64 / 1e6, b as f64 / 1e6 / t);
        }
        return;
    }
    if let Some(dir) = first.strip_prefix("setb:") {
        let m: serde_json::Value =
            serde_json::from_slice(&std::fs::read(format!("{dir}/manifest.json")).unwrap()).unwrap();
        let scanner = Scanner::new(UserRules::default());
        let salt = Salt::new([1u8; 16]);
        let mut tot = std::collections::BTreeMap::<String, (usize, usize)>::new();
        for c in m.as_array().unwrap() {
            let path = c["path"].as_str().unwrap();
            let id = c["id"].as_str().unwrap();
            let file = [format!("{dir}/{path}"), format!("{dir}/{id}/{path}")]
                .into_iter()
                .find(|f| std::path::Path::new(f).is_file())
                .unwrap();
            let path = path.strip_prefix(&format!("{id}/")).unwrap_or(path);
            let content = std::fs::read(file).unwrap();
            let scan = scanner.scan(&salt, path, &content);
            let blocks = scan.findings.iter().any(Finding::blocks);
            let tier = c["tier"].as_str().unwrap();
            let e = tot.entry(tier.to_owned()).or_default();
            e.1 += 1;
            e.0 += usize::from(blocks);
            if blocks == (tier == "no") && std::env::args().nth(2).is_some() {
                let ws: Vec<_> =
                    scan.findings.iter().map(|f| format!("{}@{}:{:?}", f.rule, f.line, f.severity)).collect();
                let text = String::from_utf8_lossy(&content).replace('\0', "");
                let text: String = match c["secret"].as_str() {
                    Some(s) if text.contains(s) => {
                        let at = text.find(s).unwrap();
                        let a = text[..at].char_indices().rev().nth(120).map_or(0, |x| x.0);
                        text[a..].chars().take(330).collect()
                    }
                    _ => match scan.findings.iter().find(|f| f.blocks()) {
                        Some(f) => text
                            .lines()
                            .skip(f.line - 1)
                            .take(f.end_line - f.line + 1)
                            .collect::<Vec<_>>()
                            .join("\n")
                            .chars()
                            .take(300)
                            .collect(),
                        None => text.chars().take(300).collect(),
                    },
                };
                println!(
                    "--- {} {} {} [{}] {:?} secret={}\n{}",
                    if tier == "no" { "FALSE" } else { "MISS" },
                    id,
                    c["kind"],
                    path,
                    ws,
                    c["secret"],
                    text
                );
            }
        }
        println!("{tot:?}");
        return;
    }
    let seeds: Vec<u64> =
        std::env::args().nth(1).unwrap_or("1".into()).split(',').map(|s| s.parse().unwrap()).collect();
    let show = std::env::args().nth(2).unwrap_or_default();
    let scanner = Scanner::new(UserRules::default());
    let salt = Salt::new([1u8; 16]);
    let mut tot = std::collections::BTreeMap::<String, (usize, usize)>::new();
    for seed in seeds {
        for (positive, cases) in [(true, corpus::positives(seed)), (false, corpus::look_alikes(seed))] {
            for case in cases {
                let scan = scanner.scan(&salt, &case.path, &case.content);
                let blocks = scan.findings.iter().any(Finding::blocks);
                let e = tot.entry(format!("{:?}", case.tier)).or_default();
                e.1 += 1;
                e.0 += usize::from(blocks);
                if blocks != positive && show != "" {
                    let ws: Vec<_> =
                        scan.findings.iter().map(|f| format!("{}@{}:{:?}", f.rule, f.line, f.severity)).collect();
                    let text = String::from_utf8_lossy(&case.content).replace('\0', "");
                    let text: String = match &case.secret {
                        Some(s) if text.contains(s.as_str()) => {
                            let at = text.find(s.as_str()).unwrap();
                            let a = text[..at].char_indices().rev().nth(120).map_or(0, |x| x.0);
                            text[a..].chars().take(330).collect()
                        }
                        _ => match scan.findings.iter().find(|f| f.blocks()) {
                            Some(f) => text
                                .lines()
                                .skip(f.line - 1)
                                .take(f.end_line - f.line + 1)
                                .collect::<Vec<_>>()
                                .join("\n")
                                .chars()
                                .take(300)
                                .collect(),
                            None => text.chars().take(300).collect(),
                        },
                    };
                    println!(
                        "--- {} {} [{}] {:?}\n{}",
                        if positive { "MISS" } else { "FALSE" },
                        case.name,
                        case.path,
                        ws,
                        text
                    );
                }
            }
        }
    }
    println!("{tot:?}");
}
