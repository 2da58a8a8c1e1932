//! A tree of files as repositories have them, for measuring speed.

use super::positives;
use super::template::{Maker, Names, WORDS};
use std::io;
use std::path::Path;

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    pub files: usize,
    pub bytes: usize,
    /// Files that hold a planted secret.
    pub planted: usize,
}

type Text = fn(&mut Maker, usize) -> String;

/// Path, share of the tree in percent, usual size in bytes, and what fills it.
const KINDS: &[(&str, usize, usize, Text)] = &[
    ("src/«word»/«word»_«h:6».rs", 10, 9_000, rust),
    ("web/src/«word»/«Word»«h:6».tsx", 14, 7_000, typescript),
    ("services/«word»/«word»_«h:6».py", 12, 8_000, python),
    ("pkg/«word»/«word»_«h:6».go", 10, 8_000, go),
    ("app/src/main/java/com/acme/«word»/«Word»«h:6».java", 10, 10_000, java),
    ("fixtures/«word»/«h:8».json", 12, 40_000, json),
    ("apps/«word»-«h:6»/package-lock.json", 12, 300_000, lock),
    ("public/static/«word».«h:8».min.js", 8, 250_000, minified),
    ("docs/«word»/«word»-«h:6».md", 6, 6_000, markdown),
    ("logs/«word»-«h:6».log", 4, 120_000, log),
];

/// Writes a tree of about `bytes` bytes under `folder`, with a planted secret in one file of ten or so.
pub fn tree(folder: &Path, bytes: usize, seed: u64) -> io::Result<Made> {
    let mut maker = Maker::new(seed);
    let none = Names::of("config");
    let mut made = Made::default();
    let mut write = |path: &str, content: &[u8]| {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(folder))?;
        std::fs::write(path, content)?;
        made.files += 1;
        made.bytes += content.len();
        io::Result::Ok(())
    };
    for (path, share, size, text) in KINDS {
        let mut left = bytes * share / 100;
        while left > 0 {
            let wanted = size / 2 + maker.below(*size);
            let content = text(&mut maker, wanted);
            let path = maker.expand(path, &none, "");
            write(&path, content.as_bytes())?;
            left = left.saturating_sub(content.len());
        }
    }
    // Two in a hundred are binary.
    for at in 0..4 {
        let head: &[u8] = [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"][at % 2];
        let content = [head, &maker.bytes(bytes / 200)].concat();
        write(&format!("assets/{at}.bin"), &content)?;
    }
    let mut planted = 0;
    for (at, case) in positives(seed).into_iter().enumerate() {
        write(&format!("planted/{at:03}/{}", case.path), &case.content)?;
        planted += 1;
    }
    Ok(Made { planted, ..made })
}

/// `part` with its holes filled anew until the text has `size` bytes.
fn repeated(maker: &mut Maker, size: usize, head: &str, parts: &[&str]) -> String {
    let mut text = maker.expand(head, &Names::of("config"), "");
    while text.len() < size {
        let part = *maker.one_of(parts);
        let name = format!("{}_{}", maker.one_of(WORDS), maker.one_of(WORDS));
        text += &maker.expand(part, &Names::of(&name), "");
    }
    text
}

fn rust(maker: &mut Maker, size: usize) -> String {
    repeated(
        maker,
        size,
        "//! The «word» of «word».\n\nuse crate::«word»::{«Word», «Word»Error};\nuse std::collections::HashMap;\n",
        &[
            "\n/// Finds the «word» that belongs to a «word».\npub fn «N»(token: &Token, limit: usize) -> Result<Vec<«NP»>, «Word»Error> {\n    let mut found = Vec::with_capacity(limit);\n    for (key, entry) in &token.entries {\n        if entry.weight > «n» && key.starts_with(\"«word»/\") {\n            found.push(«NP»::from(entry));\n        }\n    }\n    Ok(found)\n}\n",
            "\n#[derive(Clone, Debug)]\npub struct «NP» {\n    pub id: u64,\n    password_hash: Option<String>,\n    «N»: HashMap<String, Vec<u8>>,\n}\n",
            "\n#[test]\nfn «N»_keeps_its_order() {\n    let made = «NP»::new(\"«word»\", «n»);\n    assert_eq!(made.get(\"«word»\").map(|v| v.len()), Some(«n»));\n}\n",
        ],
    )
}

fn typescript(maker: &mut Maker, size: usize) -> String {
    repeated(
        maker,
        size,
        "import React, { useEffect, useState } from 'react';\nimport { use«Word» } from '../hooks/use«Word»';\n",
        &[
            "\nexport function «NP»Panel({ «NC», onChange }: «NP»Props) {\n  const [token, setToken] = useState<string | null>(null);\n  useEffect(() => { setToken(localStorage.getItem('«NK»')); }, [«NC»]);\n  return <div className=\"«NK»-panel token-list\">{«NC».map((item) => <Row key={item.id} {...item} />)}</div>;\n}\n",
            "\nexport async function fetch«NP»(id: string): Promise<«NP»> {\n  const response = await fetch(`${BASE_URL}/v1/«NK»/${id}?limit=«n»`, { headers: await authHeaders() });\n  if (!response.ok) throw new Error(`«N» ${response.status}`);\n  return response.json();\n}\n",
            "\nexport interface «NP» {\n  id: string;\n  «NC»Count: number;\n  apiKey?: string;\n  createdAt: Date;\n}\n",
        ],
    )
}

fn python(maker: &mut Maker, size: usize) -> String {
    repeated(
        maker,
        size,
        "\"\"\"Jobs of the «word».\"\"\"\n\nimport logging\nfrom dataclasses import dataclass\n\nlog = logging.getLogger(__name__)\n",
        &[
            "\n\ndef «N»(session, password=None, *, limit=«n»):\n    \"\"\"Load «word» in batches of ``limit``.\"\"\"\n    rows = session.query(«NP»).filter(«NP».status == '«word»').limit(limit)\n    for row in rows:\n        log.info('row %s of %s', row.id, '«word»')\n        yield row.as_dict()\n",
            "\n\n@dataclass\nclass «NP»:\n    id: int\n    secret_name: str = ''\n    «N»: float = 0.«d:3»\n\n    def total(self):\n        return self.«N» * «n»\n",
        ],
    )
}

fn go(maker: &mut Maker, size: usize) -> String {
    repeated(
        maker,
        size,
        "package «word»\n\nimport (\n\t\"context\"\n\t\"fmt\"\n)\n",
        &[
            "\n// «NP» returns what is known of a «word».\nfunc (s *Store) «NP»(ctx context.Context, key string) (*«Word», error) {\n\trow, err := s.db.QueryRow(ctx, \"SELECT id, name FROM «N» WHERE key = $1\", key)\n\tif err != nil {\n\t\treturn nil, fmt.Errorf(\"«N» %s: %w\", key, err)\n\t}\n\treturn row, nil\n}\n",
            "\ntype «NP» struct {\n\tID    int64  `json:\"id\"`\n\tToken string `json:\"token,omitempty\"`\n\tCount int    `json:\"«N»\"`\n}\n",
        ],
    )
}

fn java(maker: &mut Maker, size: usize) -> String {
    repeated(
        maker,
        size,
        "package com.acme.«word»;\n\nimport java.util.List;\nimport org.springframework.stereotype.Service;\n\n@Service\npublic class «Word»Service {\n",
        &[
            "\n    /** Finds by «word». */\n    public List<«NP»> findBy«NP»(String accessToken, int limit) {\n        return repository.query(\"«N»\", limit).stream()\n            .filter(e -> e.getWeight() > «n»)\n            .map(«NP»::from)\n            .toList();\n    }\n",
            "\n    private final «NP»Repository «NC»Repository;\n    private static final int «NU»_LIMIT = «n»;\n",
        ],
    )
}

fn json(maker: &mut Maker, size: usize) -> String {
    repeated(
        maker,
        size,
        "[\n",
        &[
            "  {\"id\": \"«uuid»\", \"name\": \"«word»\", \"key\": \"«NK»\", \"score\": 0.«d:6», \"tags\": [\"«word»\", \"«word»\"], \"hash\": \"«h:40»\"},\n",
            "  {\"id\": «n», \"text\": \"the «word» of the «word»\", \"token\": null, \"at\": \"«date»T10:00:00Z\"},\n",
        ],
    ) + "  {}\n]\n"
}

fn lock(maker: &mut Maker, size: usize) -> String {
    repeated(
        maker,
        size,
        "{\n  \"lockfileVersion\": 3,\n  \"packages\": {\n",
        &[
            "    \"node_modules/«NK»\": {\n      \"version\": \"«n».«n».«n»\",\n      \"resolved\": \"https://registry.npmjs.org/«NK»/-/«NK»-1.0.0.tgz\",\n      \"integrity\": \"sha512-«b64:64»\",\n      \"engines\": { \"node\": \">=18\" }\n    },\n",
        ],
    ) + "    \"\": {}\n  }\n}\n"
}

fn minified(maker: &mut Maker, size: usize) -> String {
    repeated(
        maker,
        size,
        "!function(e,t){\"use strict\";",
        &[
            "function «m:2»(e,t,n){return e.«NC»?t(e.«NC»,n||{}):void 0}",
            "var «m:2»=n(«n»),«m:1»={a:\"«word»\",b:«n»,token:e.token,«NC»:function(e){return e.length>«n»}};",
            "e.exports.«NC»=t.map((function(e){return e.key===\"«NK»\"?{...e,password:void 0}:e}));",
        ],
    ) + "}(module,require);\n"
}

fn markdown(maker: &mut Maker, size: usize) -> String {
    repeated(
        maker,
        size,
        "# The «word» handbook\n",
        &[
            "\n## How the «word» works\n\nThe «word» reads each «word» once and keeps the result until the token of the session ends. See [«word»](../«word»/«word».md) for more, and `«N»` for the limits (default «n»).\n",
            "\n```sh\nexport API_TOKEN=<your token>\n./bin/«word» --limit «n» --name «NK»\n```\n",
            "\n| Name | Default | Meaning |\n|---|---|---|\n| `«N»` | «n» | how many of «word» |\n",
        ],
    )
}

fn log(maker: &mut Maker, size: usize) -> String {
    repeated(
        maker,
        size,
        "",
        &[
            "«date»T10:«d:2»:«d:2».«d:3»Z INFO  [«word»-«n»] GET /v1/«NK»/«uuid» 200 «n»ms ip=«ip» trace=«h:32»\n",
            "«date»T10:«d:2»:«d:2».«d:3»Z WARN  [«word»-«n»] token of session «uuid» expires in «n»s\n",
            "«date»T10:«d:2»:«d:2».«d:3»Z ERROR [«word»-«n»] «NP»Exception: no «word» for key «NK» at com.acme.«word».«NP»Service.find(«NP»Service.java:«n»)\n",
        ],
    )
}
