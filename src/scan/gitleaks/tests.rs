use super::*;

#[test]
fn zz_default() {
    let text = std::fs::read_to_string("/tmp/tmp.i3N9bs9Dn5/gl.toml").unwrap();
    let t = std::time::Instant::now();
    let (rules, problems) = UserRules::read(&text);
    println!("read {:?}", t.elapsed());
    println!("{rules:?} {problems:#?}");
    let t = std::time::Instant::now();
    rules.inner.search.report();
    println!("compile {:?}", t.elapsed());
}
