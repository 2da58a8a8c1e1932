//! The layers of software, and what names in a repository or words of a task speak for which.

use serde::Serialize;

/// A layer of the software, in the order in which layers are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// Machines, containers, pipelines.
    Infrastructure,
    /// Tables, migrations, models.
    Database,
    /// What answers requests.
    Api,
    /// What people see.
    Frontend,
    /// Tests.
    Tests,
    /// Documents.
    Docs,
}

pub(super) const LAYERS: [Layer; 6] =
    [Layer::Infrastructure, Layer::Database, Layer::Api, Layer::Frontend, Layer::Tests, Layer::Docs];

impl Layer {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Infrastructure => "infrastructure",
            Self::Database => "database",
            Self::Api => "API",
            Self::Frontend => "frontend",
            Self::Tests => "tests",
            Self::Docs => "docs",
        }
    }

    /// A title for a phase of it.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Infrastructure => "Infrastructure",
            Self::Database => "Database Schema & Migrations",
            Self::Api => "API Layer",
            Self::Frontend => "Frontend Integration",
            Self::Tests => "Tests",
            Self::Docs => "Documentation",
        }
    }

    /// Whether a change of it is released by itself; tests and documents go with what they are about.
    pub(super) fn ships(self) -> bool {
        !matches!(self, Self::Tests | Self::Docs)
    }

    fn folders(self) -> &'static [&'static str] {
        match self {
            Self::Infrastructure => &[
                ".circleci",
                ".github",
                ".gitlab",
                "ansible",
                "charts",
                "ci",
                "deploy",
                "deployment",
                "docker",
                "helm",
                "infra",
                "infrastructure",
                "k8s",
                "kubernetes",
                "terraform",
            ],
            Self::Database => &[
                "alembic",
                "database",
                "databases",
                "db",
                "entities",
                "migration",
                "migrations",
                "models",
                "prisma",
                "schema",
                "schemas",
                "seeds",
                "sql",
            ],
            Self::Api => &[
                "api",
                "backend",
                "controllers",
                "endpoints",
                "graphql",
                "handlers",
                "middleware",
                "resolvers",
                "routers",
                "routes",
                "rpc",
                "server",
                "services",
            ],
            Self::Frontend => &[
                "client",
                "components",
                "css",
                "frontend",
                "layouts",
                "pages",
                "public",
                "screens",
                "styles",
                "templates",
                "ui",
                "views",
                "web",
                "webapp",
                "widgets",
            ],
            Self::Tests => &["__tests__", "e2e", "spec", "specs", "test", "testdata", "tests"],
            Self::Docs => &["doc", "docs", "documentation"],
        }
    }

    fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Infrastructure => &["tf", "tfvars", "dockerfile"],
            Self::Database => &["prisma", "sql"],
            Self::Api => &["graphql", "proto"],
            Self::Frontend => &["css", "html", "jsx", "less", "sass", "scss", "svelte", "tsx", "vue"],
            Self::Tests => &[],
            Self::Docs => &["adoc", "md", "mdx", "rst"],
        }
    }

    /// Words of a task that speak for it.
    pub(super) fn words(self) -> &'static [&'static str] {
        match self {
            Self::Infrastructure => &[
                "ci",
                "cloud",
                "container",
                "deploy",
                "deployment",
                "docker",
                "helm",
                "infrastructure",
                "kubernetes",
                "pipeline",
                "terraform",
            ],
            Self::Database => &[
                "column",
                "database",
                "db",
                "index",
                "migrate",
                "migration",
                "model",
                "postgres",
                "query",
                "schema",
                "sql",
                "sqlite",
                "storage",
                "table",
            ],
            Self::Api => &[
                "api",
                "backend",
                "endpoint",
                "graphql",
                "grpc",
                "handler",
                "jwt",
                "middleware",
                "rest",
                "route",
                "server",
                "service",
                "webhook",
            ],
            Self::Frontend => &[
                "button",
                "css",
                "dashboard",
                "dialog",
                "form",
                "frontend",
                "layout",
                "menu",
                "page",
                "react",
                "screen",
                "style",
                "theme",
                "ui",
                "view",
                "widget",
            ],
            Self::Tests => &["coverage", "e2e", "test", "testing"],
            Self::Docs => &["changelog", "docs", "documentation", "guide", "manual", "readme"],
        }
    }
}

/// Words for what usually goes through database, API and frontend.
pub(super) const ACROSS: &[&str] = &[
    "account",
    "auth",
    "authentication",
    "authorization",
    "billing",
    "checkout",
    "comment",
    "crud",
    "login",
    "oauth",
    "order",
    "payment",
    "permission",
    "profile",
    "registration",
    "role",
    "signup",
    "subscription",
    "user",
];
/// Words that tell nothing about a place.
pub(super) const EMPTY: &[&str] = &[
    "add",
    "all",
    "and",
    "are",
    "better",
    "build",
    "change",
    "create",
    "feature",
    "fix",
    "for",
    "from",
    "implement",
    "improve",
    "into",
    "make",
    "new",
    "refactor",
    "remove",
    "rewrite",
    "should",
    "support",
    "system",
    "that",
    "the",
    "this",
    "update",
    "use",
    "using",
    "when",
    "where",
    "with",
    "without",
];
/// Folders whose files are of somebody else, or of plans.
pub(super) const FOREIGN: &[&str] = &["context", "node_modules", "target", "third_party", "vendor", ".para-worktrees"];

/// The layer of a file, by its folders from the innermost, else by its name.
pub(super) fn layer(above: &str, name: &str) -> Option<Layer> {
    let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
    let last = ending.rsplit('.').next().unwrap_or_default();
    let is_test = stem.ends_with("_test")
        || stem.starts_with("test_")
        || ending.split('.').any(|e| matches!(e, "test" | "spec"))
        || above.split('/').any(|f| Layer::Tests.folders().contains(&f));
    if is_test {
        return Some(Layer::Tests);
    }
    if matches!(stem, "dockerfile" | "docker-compose" | "compose" | "jenkinsfile") {
        return Some(Layer::Infrastructure);
    }
    if Layer::Docs.endings().contains(&last) {
        return Some(Layer::Docs);
    }
    let by_ending = LAYERS.into_iter().find(|l| l.endings().contains(&last));
    let by_folder = || above.rsplit('/').find_map(|f| LAYERS.into_iter().find(|l| l.folders().contains(&f)));
    by_ending.or_else(by_folder)
}

pub(super) fn language(ending: &str) -> Option<&'static str> {
    Some(match ending {
        "c" | "h" => "C",
        "cc" | "cpp" | "cxx" | "hpp" => "C++",
        "cs" => "C#",
        "dart" => "Dart",
        "ex" | "exs" => "Elixir",
        "go" => "Go",
        "java" => "Java",
        "js" | "jsx" | "mjs" | "cjs" => "JavaScript",
        "kt" | "kts" => "Kotlin",
        "php" => "PHP",
        "py" => "Python",
        "rb" => "Ruby",
        "rs" => "Rust",
        "scala" => "Scala",
        "sh" | "bash" => "Shell",
        "sql" => "SQL",
        "svelte" => "Svelte",
        "swift" => "Swift",
        "ts" | "tsx" => "TypeScript",
        "vue" => "Vue",
        _ => return None,
    })
}
