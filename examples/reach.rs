#[path = "../tests/scan/corpus/mod.rs"]
#[allow(dead_code, missing_docs, unreachable_pub)]
mod corpus;
use claude_craft::scan::*;
fn main() {
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
