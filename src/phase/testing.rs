//! Tests in what was changed, as the usual languages name and write them.

/// Endings of source files that may hold tests beside what they test.
const INLINE: [&str; 1] = ["rs"];
/// Endings of files that may hold tests at all.
const SOURCES: [&str; 27] = [
    "rs", "py", "js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts", "vue", "go", "java", "kt", "scala", "groovy",
    "rb", "php", "cs", "swift", "ex", "exs", "c", "cc", "cpp", "bats", "sh",
];
/// Folders that hold tests.
const FOLDERS: [&str; 7] = ["test", "tests", "__tests__", "spec", "specs", "e2e", "testing"];

/// The ending of a path, in lower case.
fn ending(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default()
}

/// Whether a file is one of tests by its path.
#[must_use]
pub fn is_test_file(path: &str) -> bool {
    let ending = ending(path);
    if !SOURCES.contains(&ending.as_str()) {
        return false;
    }
    let mut parts = path.rsplit('/');
    let name = parts.next().unwrap_or(path);
    if parts.any(|folder| FOLDERS.contains(&folder.to_ascii_lowercase().as_str())) {
        return true;
    }
    let stem = &name[..name.len() - ending.len() - 1];
    let lower = stem.to_ascii_lowercase();
    let words = |mark: char| lower.split(mark).any(|word| matches!(word, "test" | "tests" | "spec"));
    ending == "bats"
        || words('_')
        || words('.')
        || words('-')
        || ["Test", "Tests", "Spec", "IT"].iter().any(|end| stem.len() > end.len() && stem.ends_with(end))
}

/// Whether a file may have tests in it: one of tests, or a source that may hold some beside what they test.
#[must_use]
pub fn may_hold_tests(path: &str) -> bool {
    is_test_file(path) || INLINE.contains(&ending(path).as_str())
}

/// Whether a line of the file `path` begins a test.
#[must_use]
pub fn begins_test(path: &str, line: &str) -> bool {
    let line = line.trim_start();
    let any = |begins: &[&str]| begins.iter().any(|b| line.starts_with(b));
    match ending(path).as_str() {
        "rs" => {
            let inner = line.strip_prefix("#[").map(|rest| rest.split(['(', ']']).next().unwrap_or_default().trim());
            inner.is_some_and(|name| matches!(name, "test" | "rstest" | "test_case") || name.ends_with("::test"))
        }
        "py" => any(&["def test_", "async def test_"]),
        "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs" | "mts" | "cts" | "vue" => {
            let call = line.split(['(', '.']).next().unwrap_or_default();
            matches!(call, "it" | "test") && line.contains('(')
        }
        "go" => any(&["func Test", "func Fuzz"]),
        "java" | "kt" | "scala" | "groovy" => any(&["@Test", "@ParameterizedTest", "@Property", "test(\""]),
        "rb" => any(&["it \"", "it '", "def test_", "test \"", "test '", "specify "]),
        "php" => line.contains("function test") || any(&["#[Test]"]),
        "cs" => any(&["[Fact", "[Theory", "[Test]", "[TestCase", "[TestMethod]"]),
        "swift" => any(&["func test", "@Test"]),
        "ex" | "exs" => any(&["test \"", "property \""]),
        "c" | "cc" | "cpp" => any(&["TEST(", "TEST_F(", "TEST_P(", "TEST_CASE(", "BOOST_AUTO_TEST_CASE("]),
        "bats" => any(&["@test "]),
        "sh" => any(&["test_expect_success ", "test_"]) && (line.contains("()") || line.starts_with("test_expect")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_tests_are_known_by_the_names_their_languages_give_them() {
        for path in [
            "tests/cli.rs",
            "src/book_tests.rs",
            "src/api/__tests__/login.js",
            "web/login.test.tsx",
            "web/login.spec.ts",
            "pkg/store_test.go",
            "test_store.py",
            "src/test/java/app/StoreTest.java",
            "spec/store_spec.rb",
            "StoreTests.cs",
            "run.bats",
        ] {
            assert!(is_test_file(path), "{path}");
        }
        for path in ["src/latest.rs", "tests/data.json", "src/contest.py", "Test", "attest.go", "docs/testing.md"] {
            assert!(!is_test_file(path), "{path}");
        }
        assert!(may_hold_tests("src/lib.rs") && !may_hold_tests("src/lib.py"));
    }

    #[test]
    fn a_test_begins_as_its_language_has_it() {
        for (path, line) in [
            ("a.rs", "    #[test]"),
            ("a.rs", "#[tokio::test(flavor = \"x\")]"),
            ("a.py", "    async def test_login(self):"),
            ("a.ts", "  it('works', () => {"),
            ("a.js", "test.each([1])('x', f)"),
            ("a.go", "func TestStore(t *testing.T) {"),
            ("A.java", "  @Test"),
            ("a.rb", "  it \"works\" do"),
            ("a.php", "  public function testLogin()"),
            ("a.cs", "[Fact]"),
            ("a.bats", "@test \"x\" {"),
        ] {
            assert!(begins_test(path, line), "{path}: {line}");
        }
        for (path, line) in [
            ("a.rs", "#[cfg(test)]"),
            ("a.rs", "#[testing]"),
            ("a.js", "iterate(x)"),
            ("a.py", "def tests():"),
            ("a.md", "#[test]"),
        ] {
            assert!(!begins_test(path, line), "{path}: {line}");
        }
    }
}
