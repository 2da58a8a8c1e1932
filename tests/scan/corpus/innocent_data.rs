//! What holds no secret: hashes, ids, public keys, blobs, numbers, logs.

use super::Innocent;
use super::innocent::file;

#[rustfmt::skip]
pub const FILES: &[Innocent] = &[
    file("hash", "package-lock.json", "package-lock.json", r#"{
  "name": "«word»",
  "lockfileVersion": 3,
  "packages": {
    "node_modules/jsonwebtoken": {
      "version": "9.0.2",
      "resolved": "https://registry.npmjs.org/jsonwebtoken/-/jsonwebtoken-9.0.2.tgz",
      "integrity": "sha512-«b64:64»"
    },
    "node_modules/js-tokens": { "version": "4.0.0", "integrity": "sha512-«b64:64»" }
  }
}
"#),
    file("hash", "yarn.lock", "yarn.lock", r#"js-tokens@^4.0.0:
  version "4.0.0"
  resolved "https://registry.yarnpkg.com/js-tokens/-/js-tokens-4.0.0.tgz#«h:40»"
  integrity sha512-«b64:64»

"@acme/secret-store@npm:^2":
  checksum: 10c0/«h:128»
"#),
    file("hash", "pnpm-lock.yaml", "pnpm-lock.yaml", r#"packages:
  token-types@5.0.1:
    resolution: {integrity: sha512-«b64:64»}
  cookie-secret@1.0.0:
    resolution: {integrity: sha512-«b64:64»}
"#),
    file("hash", "Cargo.lock", "Cargo.lock", r#"[[package]]
name = "secrecy"
version = "0.10.3"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "«h:64»"

[[package]]
name = "tokenizers"
checksum = "«h:64»"
"#),
    file("hash", "poetry.lock", "poetry.lock", r#"[[package]]
name = "passlib"
version = "1.7.4"
files = [
    {file = "passlib-1.7.4-py2.py3-none-any.whl", hash = "sha256:«h:64»"},
]

[metadata]
content-hash = "«h:64»"
"#),
    file("hash", "uv.lock", "uv.lock", r#"[[package]]
name = "python-jose"
sdist = { url = "https://files.pythonhosted.org/packages/«h:2»/«h:2»/«h:60»/python-jose-3.3.0.tar.gz", hash = "sha256:«h:64»", size = 129068 }
"#),
    file("hash", "Pipfile.lock", "Pipfile.lock", r#"{"_meta":{"hash":{"sha256":"«h:64»"}},"default":{"keyring":{"hashes":["sha256:«h:64»","sha256:«h:64»"],"version":"==25.2"}}}
"#),
    file("hash", "requirements.txt", "requirements.txt", r#"cryptography==43.0.0 \
    --hash=sha256:«h:64» \
    --hash=sha256:«h:64»
keyring==25.2.1 --hash=sha256:«h:64»
"#),
    file("hash", "go.sum", "go.sum", r#"github.com/golang-jwt/jwt/v5 v5.2.1 h1:«b64:32»
github.com/golang-jwt/jwt/v5 v5.2.1/go.mod h1:«b64:32»
github.com/zalando/go-keyring v0.2.5 h1:«b64:32»
"#),
    file("hash", "Gemfile.lock", "Gemfile.lock", r#"GIT
  remote: https://github.com/acme/token.git
  revision: «h:40»
  specs:
    token (1.0)

CHECKSUMS
  bcrypt (3.1.20) sha256=«h:64»
"#),
    file("hash", "composer.lock", "composer.lock", r#"{"content-hash":"«h:32»","packages":[{"name":"firebase/php-jwt","source":{"type":"git","reference":"«h:40»"},"dist":{"shasum":"«h:40»","reference":"«h:40»"}}]}
"#),
    file("hash", "flake.lock", "flake.lock", r#"{"nodes":{"nixpkgs":{"locked":{"lastModified":1717196966,"narHash":"sha256-«b64:32»","owner":"NixOS","repo":"nixpkgs","rev":"«h:40»","type":"github"}}},"root":"root","version":7}
"#),
    file("hash", "default.nix", "default.nix", r#"src = fetchFromGitHub { owner = "acme"; repo = "secret"; rev = "«h:40»"; hash = "sha256-«b64:32»"; };
cargoHash = "sha256-«b64:32»";
vendorHash = "sha256-«b64:32»";
"#),
    file("hash", "Package.resolved", "Package.resolved", r#"{"pins":[{"identity":"keychain-access","location":"https://github.com/kishikawakatsumi/KeychainAccess.git","state":{"revision":"«h:40»","version":"4.2.2"}}],"originHash":"«h:64»"}
"#),
    file("hash", ".terraform.lock.hcl", ".terraform.lock.hcl", r#"provider "registry.terraform.io/hashicorp/vault" {
  version = "4.2.0"
  hashes = [
    "h1:«b64:32»",
    "zh:«h:64»",
    "zh:«h:64»",
  ]
}
"#),
    file("hash", "deno.lock", "deno.lock", r#"{"version":"4","remote":{"https://deno.land/std@0.224.0/crypto/_wasm/mod.ts":"«h:64»"}}
"#),
    file("hash", "index.html", "index.html", r#"<script src="/app.js" integrity="sha384-«b64:48»" crossorigin="anonymous"></script>
<script nonce="«b64:16»"></script>
<link rel="stylesheet" href="/main.«h:20».css">
"#),
    file("hash", "Dockerfile", "Dockerfile", r#"FROM node:22-alpine@sha256:«h:64» AS build
COPY --from=ghcr.io/acme/secret-tool@sha256:«h:64» /bin/x /bin/x
"#),
    file("hash", "CHANGELOG.md", "CHANGELOG.md", r#"## 2.4.0

- rotate token on logout ([«h:7»](https://github.com/acme/x/commit/«h:40»))
- «h:40» fix: secret store key length
- key derivation moved (commit «h:40»)
"#),
    file("hash", "SHA256SUMS", "SHA256SUMS", r#"«h:64»  keytool-linux-amd64.tar.gz
«h:64» *secret-scanner.exe
«h:128»  password.txt.gz
"#),
    file("hash", "http.log", "http.log", r#"HTTP/2 200
etag: "«h:32»"
x-request-id: «uuid»
cf-ray: «h:16»-FRA
x-amz-id-2: «b64:56»
content-md5: «b64:16»
digest: sha-256=«b64:32»
"#),
    file("hash", "manifest.json", "manifest.json", r#"{"main.js":"/static/js/main.«h:8».chunk.js","token-page.js":"/static/js/token-page.«h:20».js","files":{"key":"/static/media/key.«h:32».svg"},"buildId":"«w:21»"}
"#),
    file("hash", "git.log", "git.log", r#"commit «h:40»
Author: A <a@«host»>

    Merge: token «h:12» into secret-store

    Change-Id: I«h:40»
    Reviewed-by: B
"#),
    file("hash", "argo.yaml", "argo.yaml", r#"metadata:
  name: «word»-7d9f8b6c5d-x2k4q
  uid: «uuid»
  annotations:
    checksum/secret: «h:64»
    checksum/config: «h:64»
    kubectl.kubernetes.io/last-applied-configuration-hash: «h:64»
  labels: { pod-template-hash: 7d9f8b6c5d }
"#),
    file("hash", "tests-vectors.json", "tests/vectors.json", r#"{"algorithm":"AES-GCM","tests":[{"tcId":1,"key":"«h:32»","iv":"«h:24»","msg":"«h:32»","ct":"«h:32»","tag":"«h:32»","result":"valid"}]}
"#),
    file("hash", "tests-sha_vectors.rs", "tests/sha_vectors.rs", r#"const VECTORS: &[(&str, &str)] = &[
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    ("", "«h:64»"),
];
"#),
    file("hash", "hashes.py", "hashes.py", r#"EXPECTED = {
    'model.bin': 'md5:«h:32»',
    'vocab.txt': '«h:64»',
}
COMMIT = '«h:40»'
DIGEST = "sha256:«h:64»"
"#),
    file("uuid", "fixtures.csv", "fixtures.csv", r#"id,tenant_id,key_id,created
«uuid»,«uuid»,«uuid»,«date»
«uuid»,«uuid»,«uuid»,«date»
"#),
    file("uuid", "feature.yaml", "feature.yaml", r#"key: «uuid»
secret_id: «uuid»
token_id: «uuid»
subscription_id: «uuid»
"#),
    file("uuid", "Project.sln", "Project.sln", r#"Project("{FAE04EC0-301F-11D3-BF4B-00C04F79EFBC}") = "Token.Service", "src\\Token.Service.csproj", "{«H:8»-«H:4»-«H:4»-«H:4»-«H:12»}"
EndProject
"#),
    file("uuid", "App.xcodeproj-project.pbxproj", "App.xcodeproj/project.pbxproj", r#"		«H:24» /* KeychainToken.swift in Sources */ = {isa = PBXBuildFile; fileRef = «H:24» /* KeychainToken.swift */; };
"#),
    file("public-key", "id_rsa.pub", "id_rsa.pub", r#"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQ«b64:375» «user»@«host»
"#),
    file("public-key", "authorized_keys", "authorized_keys", r#"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI«p:43» «user»@«host»
ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABB«b64:65» key-2
"#),
    file("public-key", "known_hosts", "known_hosts", r#"github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI«p:43»
|1|«b64:20»|«b64:20» ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAB«b64:255»
"#),
    file("public-key", "ca.pem", "ca.pem", r#"-----BEGIN CERTIFICATE-----
MIID«b64lines:900»
-----END CERTIFICATE-----
"#),
    file("public-key", "jwt_public.pem", "jwt_public.pem", r#"-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA
«b64lines:260»
-----END PUBLIC KEY-----
"#),
    file("public-key", "release.asc", "release.asc", r#"-----BEGIN PGP PUBLIC KEY BLOCK-----

mQINBG«b64lines:800»
=«A:4»
-----END PGP PUBLIC KEY BLOCK-----
"#),
    file("public-key", "signature.asc", "signature.asc", r#"-----BEGIN PGP SIGNATURE-----

iQIzBAABCAAdFiEE«b64lines:400»
=«A:4»
-----END PGP SIGNATURE-----
"#),
    file("public-key", "request.csr", "request.csr", r#"-----BEGIN CERTIFICATE REQUEST-----
MIIC«b64lines:600»
-----END CERTIFICATE REQUEST-----
"#),
    file("public-key", "minisign.pub", "minisign.pub", r#"untrusted comment: minisign public key «H:16»
RW«p:54»
"#),
    file("public-key", "sw.js", "sw.js", r#"const VAPID_PUBLIC_KEY = 'B«w:86»';
registration.pushManager.subscribe({ applicationServerKey: urlBase64ToUint8Array(VAPID_PUBLIC_KEY) });
"#),
    file("public-key", "jwks.json", "jwks.json", r#"{"keys":[{"kty":"RSA","kid":"«w:43»","use":"sig","n":"«b64u:256»","e":"AQAB"},{"kty":"EC","crv":"P-256","x":"«b64u:32»","y":"«b64u:32»"}]}
"#),
    file("public-key", "wg-peer.conf", "wg-peer.conf", r#"[Peer]
PublicKey = «b64:32»
AllowedIPs = 10.0.0.0/24
Endpoint = «host»:51820
"#),
    file("public-key", "age-recipients.txt", "age-recipients.txt", r#"# deploy
age1«a:58»
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI«p:43»
"#),
    file("public-key", "cosign.pub.yaml", "cosign.pub.yaml", r#"publicKeys:
  - key: |
      -----BEGIN PUBLIC KEY-----
      MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE«p:44»
      «p:43»==
      -----END PUBLIC KEY-----
"#),
    file("publishable", "checkout.html", "checkout.html", r#"<script>const stripe = Stripe('pk_«»live_51«A:97»');</script>
<div class="g-recaptcha" data-sitekey="6L«w:38»"></div>
"#),
    file("publishable", "map.js", "map.js", r#"mapboxgl.accessToken = 'pk.«»eyJ1IjoiYWNtZSIsImEiOiJj«A:24»In0.«w:22»';
"#),
    file("publishable", "posthog.ts", "posthog.ts", r#"posthog.init('phc_«»«A:43»', { api_host: 'https://eu.posthog.com' });
const turnstileSiteKey = '0x4AAAAAAA«A:14»';
"#),
    file("jwt-example", "docs-jwt.md", "docs/jwt.md", r#"```
eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.«»eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.«»SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c
```
"#),
    file("jwt-example", "docs-jwt_parts.md", "docs/jwt_parts.md", r#"Header `eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9`, then a dot, the payload, a dot and the signature: `eyJhbGciOi...`.
"#),
    file("blob", "app.js.map", "app.js.map", r#"{"version":3,"file":"app.js","sources":["../src/auth/token.ts","../src/secret.ts"],"names":["password","token","apiKey"],"mappings":"AAAA,SAASA,QAAQC,CAAC,EAAEC,CAAC;AACnB,IAAIC,IAAIF,EAAEG,KAAK;AACb;AAAA,KAAKC,MAAMF,CAAC;«A:300»,KAAKC;«A:200»"}
"#),
    file("blob", "vendor.min.js", "vendor.min.js", r#"!function(e){var t={};function n(r){if(t[r])return t[r].exports;var o=t[r]={i:r,l:!1,exports:{}};return e[r].call(o.exports,o,o.exports,n),o.l=!0,o.exports}n.token=e.tokenTypes.keyword,n.password=function(e){return e.password},n.apiKey=void 0,n.secret=r(«n»).secret,n.p="",n(n.s=0)}([function(e,t){e.exports={a:"«A:12»",keyPath:"items.key"}}]);
"#),
    file("blob", "font.css", "font.css", r#"@font-face{font-family:key;src:url(data:font/woff2;base64,d09GMgABAAAAA«b64:900») format('woff2')}
.i{background:url("data:image/svg+xml;base64,PHN2ZyB4bWxucz0i«b64:300»")}
"#),
    file("blob", "image.html", "image.html", r#"<img alt="token" src="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA«b64:1200»">
"#),
    file("blob", "notebook.ipynb", "notebook.ipynb", r#"{"cells":[{"cell_type":"code","outputs":[{"data":{"image/png":"iVBORw0KGgoAAAANSUhEUgAA«b64:2000»","text/plain":["<Figure size 640x480>"]}}],"source":["plot(tokens)"]}]}
"#),
    file("blob", "proto.pb.go", "proto.pb.go", r#"var file_token_proto_rawDesc = []byte{
	0x0a, 0x0b, 0x74, 0x6f, 0x6b, 0x65, 0x6e, 0x2e, 0x70, 0x72, 0x6f, 0x74, 0x6f, 0x12, 0x04, 0x61,
}
const rawDescData = "\n\x0btoken.proto\x12\x04auth\"=\n\x05Token"
"#),
    file("blob", "module.wat", "module.wat", r#"(module
  (func $token (param $p i32) (result i32) local.get $p)
  (data (i32.const 1024) "\00\01secret\00\ff\7f")
  (export "password_hash" (func $token)))
"#),
    file("blob", "wasm.js", "wasm.js", r#"const wasm = 'AGFzbQEAAAAB«b64:700»';
module.exports = Buffer.from(wasm, 'base64');
"#),
    file("blob", "icons.svg", "icons.svg", r#"<svg viewBox="0 0 24 24"><path id="key" d="M12.65 10C11.83 7.67 9.61 6 7 6c-3.31 0-6 2.69-6 6s2.69 6 6 6c2.61 0 4.83-1.67 5.65-4H17v4h4v-4h2v-4H12.65zM7 14c-1.1 0-2-.9-2-2z"/></svg>
"#),
    file("blob", "mail.eml", "mail.eml", r#"Message-ID: <«A:24»@mail.«host»>
DKIM-Signature: v=1; a=rsa-sha256; d=«host»; s=k1;
 bh=«b64:32»;
 b=«b64:128»
Content-Transfer-Encoding: base64

«b64lines:400»
"#),
    file("blob", "model.txt", "model.txt", r#"0.12345 -0.99812 1.20001 0.00012 «d:18» «d:18»
embedding: [0.«d:16», -0.«d:16», 0.«d:16»]
"#),
    file("chain", "wallets.json", "wallets.json", r#"{"address":"0x«h:40»","txHash":"0x«h:64»","blockHash":"0x«h:64»","tokenAddress":"0x«h:40»","btc":"bc1q«a:38»"}
"#),
    file("chain", "contract.sol", "contract.sol", r#"address constant TOKEN = 0x«h:40»;
bytes32 public constant MINTER_ROLE = 0x«h:64»;
bytes32 constant PERMIT_TYPEHASH = keccak256("Permit(address owner,uint256 nonce)");
"#),
    file("numbers", "orders.csv", "orders.csv", r#"isbn,phone,card,iban
978-3-16-148410-0,+49 30 901820,4242424242424242,DE89370400440532013000
"#),
    file("numbers", "track.gpx", "track.gpx", r#"<trkpt lat="52.5200066" lon="13.4049540"><ele>34.2</ele><time>2026-01-02T03:04:05Z</time></trkpt>
<trkpt lat="52.5201«d:4»" lon="13.4051«d:4»"/>
"#),
    file("numbers", "palette.json", "palette.json", r##"{"key":"#0ea5e9","secret":"#1e293b","token.keyword":"#c678dd","password":"rgba(12, 34, 56, 0.5)"}
"##),
    file("text", "lorem.md", "lorem.md", r#"Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore magna aliqua. The secret: patience. Token of appreciation: a handwritten card.
"#),
    file("text", "LICENSE", "LICENSE", r#"Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction.
"#),
    file("arn", "iam.json", "iam.json", r#"{"Resource":["arn:aws:secretsmanager:us-east-1:«d:12»:secret:prod/«word»/db-«A:6»","arn:aws:kms:us-east-1:«d:12»:key/«uuid»"],"PrincipalId":"AIDA«b:16»","RoleId":"AROA«b:16»"}
"#),
    file("arn", "gcp.tf", "gcp.tf", r#"kms_key_name = "projects/«word»/locations/europe/keyRings/«word»/cryptoKeys/db-key"
secret = "projects/«d:12»/secrets/api-token"
service_account = "«word»@«word»-prod.iam.gserviceaccount.com"
"#),
    file("arn", "google-id.json", "google-id.json", r#"{"web":{"client_id":"«d:12»-«a:32».apps.googleusercontent.com","project_id":"«word»","auth_uri":"https://accounts.google.com/o/oauth2/auth","token_uri":"https://oauth2.googleapis.com/token"}}
"#),
    file("log", "server.log", "server.log", r#"«date»T10:00:00Z INFO token refreshed for user=«uuid» request_id=«h:32» trace=00-«h:32»-«h:16»-01
«date»T10:00:01Z WARN password login disabled session=[FILTERED] api_key=[REDACTED] authorization=***
"#),
    file("log", "audit.ndjson", "audit.ndjson", r#"{"event":"secret.read","key":"prod/«word»/db","actor":"«uuid»","hmac":"hmac-sha256:«h:64»","auth":{"accessor":"hmac-sha256:«h:64»","token_type":"service"}}
"#),
    file("id", "twilio.md", "twilio.md", r#"Account SID: AC«»«h:32»
Message SID: SM«»«h:32»
Service: MG«»«h:32»
"#),
    file("id", "objects.json", "objects.json", r#"[{"_id":{"$oid":"«h:24»"},"stripe_customer":"cus_«A:14»","price":"price_1«A:23»","payment_intent":"pi_3«A:23»","ulid":"01«U:24»"}]
"#),
    file("id", "analytics.html", "analytics.html", r#"<script>gtag('config', 'G-«U:10»'); ga('create', 'UA-«d:8»-1'); fbq('init', '«d:15»');</script>
"#),
];
