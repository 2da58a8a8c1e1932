//! What holds no secret: the family that is held out.

use super::Innocent;
use super::innocent::file;

#[rustfmt::skip]
pub const FILES: &[Innocent] = &[
    file("look-up", "src-settings.mjs", "src/settings.mjs", r#"export const settings = {
  token: import.meta.env.VITE_PUBLIC_TOKEN,
  apiKey: Deno.env.get('API_KEY'),
  password: Bun.env.PASSWORD,
  secret: await secretManager.access('signing-secret'),
};
"#),
    file("look-up", "app-env.py", "app/env.py", r#"from decouple import config

SECRET_KEY = config('SECRET_KEY')
PASSWORD = environ.Env().str('PASSWORD')
TOKEN = st.secrets["token"]
api_key = userdata.get('API_KEY')
"#),
    file("look-up", "src-env.rs", "src/env.rs", r#"let api_key = dotenvy::var("API_KEY").context("API_KEY is not set")?;
#[arg(long, env = "AUTH_TOKEN", hide_env_values = true)]
token: String,
let pw = SecretString::from(env!("BUILD_PASSWORD"));
"#),
    file("look-up", "env.go", "env.go", r#"cfg.Secret = mustEnv("CLIENT_SECRET")
token := flag.String("token", "", "access token of the API")
password := string(must(os.ReadFile("/run/secrets/pw")))
"#),
    file("look-up", "Env.scala", "Env.scala", r#"val password = sys.env("DB_PASSWORD")
val token = config.getString("auth.token")
val apiKey = sys.props.getOrElse("apiKey", "")
"#),
    file("look-up", "application.yml", "application.yml", r#"spring:
  datasource:
    password: ${DB_PASSWORD:}
  security:
    oauth2:
      client:
        client-secret: ${OAUTH_SECRET:#{null}}
jwt:
  secret: ${random.value}
"#),
    file("look-up", "azure-pipelines.yml", "azure-pipelines.yml", r#"variables:
  - group: prod-secrets
steps:
  - script: ./deploy --token $(DeployToken)
    env:
      SYSTEM_ACCESSTOKEN: $(System.AccessToken)
      PASSWORD: $(db-password)
"#),
    file("look-up", "bitbucket-pipelines.yml", "bitbucket-pipelines.yml", r#"script:
  - export TOKEN=$DEPLOY_TOKEN
  - curl --user "${BB_AUTH_STRING}" https://«host»
  - pipe: atlassian/aws-s3-deploy:1.1.0
    variables: { AWS_SECRET_ACCESS_KEY: $AWS_SECRET_ACCESS_KEY }
"#),
    file("look-up", "set.cmd", "set.cmd", r#"set PASSWORD=%DB_PASSWORD%
set /p TOKEN=Enter token: 
if "%API_KEY%"=="" exit /b 1
"#),
    file("look-up", "wp-config.php", "wp-config.php", r#"<?php
define('DB_PASSWORD', getenv_docker('WORDPRESS_DB_PASSWORD', 'example password'));
define('AUTH_KEY', 'put your unique phrase here');
"#),
    file("manager", "secret-class.yaml", "secret-class.yaml", r#"apiVersion: secrets-store.csi.x-k8s.io/v1
kind: SecretProviderClass
spec:
  parameters:
    objects: |
      - objectName: "prod/«word»/db-password"
        objectType: "secretsmanager"
        jmesPath: [{ path: password, objectAlias: dbPassword }]
"#),
    file("manager", "sealed2.yml", "sealed2.yml", r#"kind: SealedSecret
spec:
  encryptedData:
    DB_PASSWORD: "AgC«b64:600»"
  template: { metadata: { name: «word» } }
"#),
    file("manager", "sops.json", "sops.json", r#"{"password":"ENC[AES256_GCM,data:«b64:16»,iv:«b64:32»,tag:«b64:16»,type:str]","sops":{"kms":[{"arn":"arn:aws:kms:eu-west-1:«d:12»:key/«uuid»","enc":"AQICAH«b64:180»"}],"mac":"ENC[AES256_GCM,data:«b64:88»,iv:«b64:32»,tag:«b64:16»,type:str]"}}
"#),
    file("manager", "sops.env", "sops.env", r#"API_KEY=ENC[AES256_GCM,data:«b64:40»,iv:«b64:32»,tag:«b64:16»,type:str]
sops_age__list_0__map_recipient=age1«a:58»
sops_mac=ENC[AES256_GCM,data:«b64:64»,iv:«b64:32»,tag:«b64:16»,type:str]
"#),
    file("manager", "vaulted.yml", "vaulted.yml", r#"- name: create user
  user:
    name: «user»
    password: "{{ vault_user_password | password_hash('sha512') }}"
  no_log: true
"#),
    file("manager", "secrets.yaml.age", "secrets.yaml.age", r#"-----BEGIN AGE ENCRYPTED FILE-----
«b64lines:400»
-----END AGE ENCRYPTED FILE-----
"#),
    file("manager", "gpg-store-db.gpg.asc", "gpg/store/db.gpg.asc", r#"-----BEGIN PGP MESSAGE-----
Version: GnuPG v2

hQIMA«b64lines:600»
=«A:4»
-----END PGP MESSAGE-----
"#),
    file("manager", "appveyor.yml", "appveyor.yml", r#"environment:
  NUGET_KEY:
    secure: «b64:48»
"#),
    file("manager", "circle.yml", "circle.yml", r#"- run: echo "$DOCKER_PASS" | docker login -u "$DOCKER_USER" --password-stdin
- slack/notify: { webhook: "${SLACK_WEBHOOK}" }
"#),
    file("manager", "serverless.yml", "serverless.yml", r#"environment:
  DB_PASSWORD: ${ssm:/«word»/${sls:stage}/db-password}
  TOKEN: ${env:TOKEN}
  SECRET: !Ref AppSecret
  KEY: !Sub '{{resolve:secretsmanager:${SecretArn}:SecretString:key}}'
"#),
    file("manager", "bicep-main.bicep", "bicep/main.bicep", r#"@secure()
param adminPassword string
var secretUri = kv.properties.vaultUri
resource s 'x' = { properties: { password: adminPassword, key: listKeys(sa.id, sa.apiVersion).keys[0].value } }
"#),
    file("url", "docker-dev.env", "docker/dev.env", r#"DATABASE_URL=postgresql://app:app@localhost:5432/app
MYSQL=mysql://root:password@mysql/test
MONGO=mongodb://root:example@mongo:27017/
ELASTIC=http://elastic:changeme@localhost:9200
"#),
    file("url", "docs-connect.md", "docs/connect.md", r#"Use `scheme://username:password@host:port/database`, e.g. `postgres://scott:tiger@localhost/mydatabase` or `redis://:<PASSWORD>@<HOST>:6379`; ftp://anonymous:anonymous@ftp.«host»/pub works, too.
"#),
    file("url", "src-mask.ts", "src/mask.ts", r#"expect(mask('https://user:secret@«host»/x')).toBe('https://user:***@«host»/x');
const re = /\/\/[^:]+:[^@]+@/;
"#),
    file("url", "pkg.json", "pkg.json", r#"{"repository":"git+ssh://git@github.com/acme/«word».git","bugs":"https://github.com/acme/x/issues","funding":"https://opencollective.com/@acme","main":"npm:@scope/pkg@1.0.0"}
"#),
    file("url", "chart.yaml", "chart.yaml", r#"uri: "postgres://{{ .Values.db.user }}:{{ .Values.db.password }}@{{ .Values.db.host }}/app"
dsn: postgres://$(DB_USER):$(DB_PASS)@$(DB_HOST)/app
"#),
    file("url", "Conn.kt", "Conn.kt", r#"val url = "jdbc:postgresql://$host:$port/$db?user=$user&password=$password"
val dsn = "amqp://" + user + ":" + pass + "@" + host
"#),
    file("url", "conn.cs", "conn.cs", r#"var cs = $"Server={host};Database={db};User Id={user};Password={password};";
var trusted = "Server=sql01;Database=«word»;Trusted_Connection=True;";
var t2 = "AccountName=x;AccountKey=" + key;
"#),
    file("url", "media.md", "media.md", r#"![x](https://«host»/a:b@2x.png) https://medium.com/@someone/how-to-rotate-your-api-keys-in-2026-«h:12»
https://«host»/login?redirect=%2Fhome&token_type=bearer&state=«uuid»
"#),
    file("url", "azurite2.json", "azurite2.json", r#"{"conn":"AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1«»OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"}
"#),
    file("code", "login.vue", "login.vue", r#"<input v-model="form.password" type="password" :placeholder="$t('auth.password')" />
data: () => ({ form: { password: '', token: undefined, secret: null } }),
"#),
    file("code", "login.dart", "login.dart", r#"final String? token = prefs.getString('token');
TextField(controller: passwordController, obscureText: true, decoration: InputDecoration(labelText: 'Password'))
required this.apiKey,
"#),
    file("code", "Login.swift", "Login.swift", r#"@State private var password: String = ""
let token = try await auth.fetchToken(forceRefresh: true)
SecureField("Password", text: $password)
"#),
    file("code", "login.c", "login.c", r#"#define MAX_PASSWORD_LENGTH 128
static const char *password_prompt = "Enter password:";
char token[TOKEN_SIZE] = {0};
if (strcmp(argv[i], "--secret-key-file") == 0) key_path = argv[++i];
"#),
    file("code", "login.hs", "login.hs", r#"data Login = Login { password :: Text, apiToken :: Maybe Token }
secret <- lookupEnv "APP_SECRET"
"#),
    file("code", "login.sql", "login.sql", r#"ALTER TABLE users ADD COLUMN password_salt bytea, ADD COLUMN reset_token_sha256 char(64);
CREATE INDEX users_api_key_prefix_idx ON users (api_key_prefix);
INSERT INTO roles VALUES ('secret_reader', 'token_admin');
"#),
    file("code", "login.proto", "login.proto", r#"message LoginRequest {
  string password = 1 [(validate.rules).string.min_len = 12];
  optional string access_token = 2;
  bytes secret_key = 3;
}
"#),
    file("code", "asserts.py", "asserts.py", r#"assert 'password' not in response.json()
assert token.startswith('eyJ')
self.assertEqual(form['password'].errors, ['This-field-is-required.'])
@patch('app.auth.tokens.generate_token', return_value='fake-token')
"#),
    file("code", "asserts.java", "asserts.java", r#"assertThat(token).isEqualTo("mock-token");
when(passwordEncoder.matches(anyString(), anyString())).thenReturn(true);
@WithMockUser(username = "admin", password = "admin")
"#),
    file("code", "keys.properties", "keys.properties", r#"key.format=RSA/ECB/OAEPWithSHA-256AndMGF1Padding
secret.algorithm=PBKDF2WithHmacSHA512
token.store.class=org.acme.security.InMemoryTokenStoreImplementation
password.encoder=bcrypt
keystore.path=classpath:keystore/dev-keystore.p12
"#),
    file("code", "names.yml", "names.yml", r#"tokenSecretName: «word»-service-account-token-7xk2p
existingSecret: «word»-postgresql
secretKeys:
  adminPasswordKey: postgres-password
  userPasswordKey: user-password
auth:
  passwordSecretRef: {name: db-creds, key: pw}
"#),
    file("code", "names.tf", "names.tf", r#"resource "aws_secretsmanager_secret" "api_token" {
  name = "/«word»/production/third-party-api-token"
}
output "password" {
  value     = random_password.this.result
  sensitive = true
}
"#),
    file("code", "i18n.ts", "i18n.ts", r#"export default { passwordTooShort: 'Das Kennwort ist zu kurz (mindestens 12 Zeichen).', tokenLabel: 'Zugangs-Token', secretHint: 'Wird-nur-einmal-angezeigt' };
"#),
    file("code", "i18n-es.json", "i18n/es.json", r#"{"password":"Contraseña","new_password":"Nueva contraseña (mín. 12)","token_invalid":"Token no válido","secret":"Clave secreta"}
"#),
    file("code", "i18n-ru.po", "i18n/ru.po", r#"msgid "password"
msgstr "Пароль"

msgid "API key: %s"
msgstr "Ключ API: %s"
"#),
    file("code", "rules.json", "rules.json", r#"{"rules":[{"id":"npm-token","pattern":"npm_[A-Za-z0-9]{36}"},{"id":"jwt","pattern":"eyJ[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}\\.[A-Za-z0-9_-]{10,}"},{"id":"pem","pattern":"-----BEGIN [A-Z ]*PRIVATE KEY-----"}]}
"#),
    file("code", "redact.rs", "redact.rs", r#"const PREFIXES: [&str; 6] = ["sk-ant-", "ghp_", "github_pat_", "xoxb-", "AKIA", "glpat-"];
let key = Regex::new(r"(?i)(api[_-]?key|secret|token)\s*[:=]\s*\S{16,}")?;
if line.contains("-----BEGIN OPENSSH PRIVATE KEY-----") {}
"#),
    file("code", "README.md", "README.md", r#"## Configuration

| Variable | Meaning | Default |
|---|---|---|
| `API_TOKEN` | token of the API | none |
| `PASSWORD_MIN_LENGTH` | shortest password | 12 |

```sh
export ANTHROPIC_API_KEY=sk-ant-«»...
export GITHUB_TOKEN=ghp_«»...
export DB_PASSWORD=<password>
```
"#),
    file("code", "cmds.md", "cmds.md", r#"    curl -u username:password https://«host»/
    mysql -u root -pPASSWORD
    docker login -u USER -p PASS
    sshpass -p "$PW" ssh x
    ldapsearch -w "$LDAP_PW"
"#),
    file("code", "cmds.ps1", "cmds.ps1", r#"$cred = Get-Credential
$pw = ConvertTo-SecureString $env:PW -AsPlainText -Force
New-Item -Name 'tokens' -ItemType Directory
$secret = [Convert]::ToBase64String($bytes)
"#),
    file("code", "agent.json", "agent.json", r#"{"hooks":{"SessionStart":[{"command":"export TOKEN=\"${TOKEN:-}\"; craft sync"}]},"mcpServers":{"x":{"headers":{"Authorization":"Bearer ${X_TOKEN}"},"env":{"API_KEY":"<your key>"}}}}
"#),
    file("code", "pwpolicy.xml", "pwpolicy.xml", r#"<policy name="passwordPolicy" minLength="12" requireSymbols="true"/>
<password-encoder hash="bcrypt"/>
<token-repository-ref>jdbcTokenRepository</token-repository-ref>
"#),
    file("code", "longnames.ts", "longnames.ts", r#"import { AbstractSecurityTokenServiceAuthenticationProvider } from './x';
const tokenProvider = new AuthenticationTokenProviderFactoryBean();
const secretKey = useSecretKeyFromHardwareSecurityModule;
privateKeyResolver: PrivateKeyResolverImplementation2024,
"#),
    file("code", "events.ts", "events.ts", r#"export const EVENTS = { passwordChanged: 'user.password.changed.v1', tokenRevoked: 'auth/token/REVOKED', secretRotated: 'SECRET_ROTATED_SUCCESSFULLY' };
"#),
    file("hash", "web-package-lock.json", "web/package-lock.json", r#"{"packages":{"node_modules/secret-token":{"version":"1.0.0","resolved":"https://npm.«host»/secret-token-1.0.0.tgz","integrity":"sha1-«b64:20»"},"node_modules/key":{"integrity":"sha512-«b64:64»"}}}"#),
    file("hash", "bun.lock", "bun.lock", r#"{"packages":{"keyv":["keyv@4.5.4","",{},"sha512-«b64:64»"],"token-stream":["token-stream@1.0.0","",{},"sha512-«b64:64»"]}}
"#),
    file("hash", "mix.lock", "mix.lock", r#"%{
  "jose": {:hex, :jose, "1.11.6", "«h:64»", [:mix, :rebar3], [], "hexpm", "«h:64»"},
}
"#),
    file("hash", "pubspec.lock", "pubspec.lock", r#"packages:
  flutter_secure_storage:
    description:
      name: flutter_secure_storage
      sha256: "«h:64»"
      url: "https://pub.dev"
"#),
    file("hash", "Podfile.lock", "Podfile.lock", r#"SPEC CHECKSUMS:
  KeychainAccess: «h:40»
  TokenKit: «h:40»

PODFILE CHECKSUM: «h:40»
"#),
    file("hash", "conda-lock.yml", "conda-lock.yml", r#"- name: keyring
  url: https://conda.anaconda.org/x.conda
  hash:
    md5: «h:32»
    sha256: «h:64»
"#),
    file("hash", "packages.lock.json", "packages.lock.json", r#"{"dependencies":{"net8.0":{"Microsoft.IdentityModel.Tokens":{"type":"Direct","resolved":"7.5.1","contentHash":"«b64:64»"}}}}
"#),
    file("hash", "Chart.lock", "Chart.lock", r#"dependencies:
- name: vault
  version: 0.28.0
digest: sha256:«h:64»
generated: "2026-05-01T00:00:00Z"
"#),
    file("hash", "MODULE.bazel.lock", "MODULE.bazel.lock", r#"{"registryFileHashes":{"https://bcr.bazel.build/modules/secret/MODULE.bazel":"«h:64»"},"bzlTransitiveDigest":"«b64:32»"}
"#),
    file("hash", "formula.rb", "formula.rb", r#"class Secret < Formula
  url "https://«host»/secret-1.0.tar.gz"
  sha256 "«h:64»"
  bottle do
    sha256 arm64_sonoma: "«h:64»"
  end
end
"#),
    file("hash", "PKGBUILD", "PKGBUILD", r#"pkgname=keytool
sha256sums=('«h:64»'
            '«h:64»')
validpgpkeys=('«H:40»')
"#),
    file("hash", "images.yaml", "images.yaml", r#"image: registry.«host»/token-service@sha256:«h:64»
imageTag: sha-«h:40»
init: "ghcr.io/acme/vault:main-«h:7»"
"#),
    file("hash", "csp.conf", "csp.conf", r#"add_header Content-Security-Policy "script-src 'sha256-«b64:32»' 'nonce-«b64:16»'";
"#),
    file("hash", "renovate.md", "renovate.md", r#"- Update actions/create-github-app-token digest to «h:7»
- Update secret-store action to `«h:40»`
"#),
    file("hash", "kat.txt", "kat.txt", r#"COUNT = 0
KEY = «H:32»
IV = «H:32»
PLAINTEXT = «H:64»
CIPHERTEXT = «H:64»

[ENCRYPT]
COUNT = 1
KEY = «H:32»
"#),
    file("hash", "wycheproof.json", "wycheproof.json", r#"{"testGroups":[{"keySize":256,"tests":[{"tcId":2,"comment":"","key":"«h:64»","aad":"","msg":"«h:32»","ct":"«h:32»","tag":"«h:32»","result":"valid"}]}]}
"#),
    file("uuid", "ids.ts", "ids.ts", r#"export const ROLE_ID = '«uuid»';
export const ids = { keyId: '«uuid»', clientId: '«uuid»', tokenFamilyId: '«uuid»' };
"#),
    file("uuid", "events.csv", "events.csv", r#"event,session_id,token_id
login,«uuid»,«uuid»
logout,«uuid»,«uuid»
"#),
    file("public-key", "keys.tf", "keys.tf", r#"resource "aws_key_pair" "deploy" {
  key_name   = "deploy"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI«p:43» «user»"
}
"#),
    file("public-key", "cloud-init.yml", "cloud-init.yml", r#"ssh_authorized_keys:
  - ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ«b64:255» ops
"#),
    file("public-key", "kube-ca.yaml", "kube-ca.yaml", r#"clusters:
- cluster:
    certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSU«b64:700»
    server: https://«ip»:6443
"#),
    file("public-key", "saml.xml", "saml.xml", r#"<ds:X509Certificate>MIID«b64:700»</ds:X509Certificate>
<ds:DigestValue>«b64:32»</ds:DigestValue>
<ds:SignatureValue>«b64:256»</ds:SignatureValue>
"#),
    file("public-key", "pub.py", "pub.py", r#"PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A
«b64lines:270»
-----END PUBLIC KEY-----"""
verify_key = "«h:64»"  # ed25519 public key
"#),
    file("public-key", "tauri.conf.json", "tauri.conf.json", r#"{"plugins":{"updater":{"pubkey":"dW50cnVzdGVkIGNvbW1lbnQ6IG1pbmlzaWduIHB1YmxpYyBrZXk6I«b64:80»","endpoints":["https://«host»/u"]}}}
"#),
    file("public-key", "dkim.zone", "dkim.zone", r#"k1._domainkey IN TXT "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQ«b64:120»QIDAQAB"
"#),
    file("publishable", "pay.tsx", "pay.tsx", r#"const stripePromise = loadStripe('pk_«»test_51«A:97»');
<Turnstile sitekey="0x4AAAAAAA«A:14»" /> 
<ReCAPTCHA sitekey='6L«w:38»' />
"#),
    file("publishable", "clerk.env", "clerk.env", r#"NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY=pk_«»test_«b64:32»
NEXT_PUBLIC_MAPBOX_TOKEN=pk.«»eyJ1IjoiYWNtZSIsImEiOiJj«A:24»In0.«w:22»
"#),
    file("jwt-example", "jwt.test.ts", "jwt.test.ts", r#"const sample = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.«»eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.«»SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c';
"#),
    file("blob", "bundle.css.map", "bundle.css.map", r#"{"version":3,"sources":["secret.scss"],"names":[],"mappings":"AAAA;EACE,«A:250»;CACD,«A:250»"}
"#),
    file("blob", "chunk.min.js", "chunk.min.js", r#"(self.webpackChunk=self.webpackChunk||[]).push([[«n»],{«n»:(e,t,n)=>{"use strict";n.d(t,{apiKey:()=>r,token:()=>o,password:()=>i.password});const r=n.e(«n»),o=e=>e.token||"",i={password:null,secret:void 0}}}]);
//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozLCJ«b64:600»
"#),
    file("blob", "inline.scss", "inline.scss", r#"$icon-key: url('data:image/gif;base64,R0lGODlh«b64:240»');
.a { background-image: url(data:image/webp;base64,UklGR«b64:400») }
"#),
    file("blob", "raw.json", "raw.json", r#"{"thumbnail":"/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAg«b64:1500»","audio":"SUQzBAAAAAA«b64:300»"}
"#),
    file("blob", "data.xml", "data.xml", r#"<attachment name="token.pdf" encoding="base64">JVBERi0xLjcK«b64:900»</attachment>
"#),
    file("blob", "hexdump.txt", "hexdump.txt", r#"00000000  7f 45 4c 46 02 01 01 00  00 00 00 00 00 00 00 00  |.ELF............|
00000010  03 00 3e 00 01 00 00 00  «h:2» «h:2» «h:2» «h:2» 00 00 00 00  |..>.....secret..|
"#),
    file("blob", "vcr.yml", "vcr.yml", r#"response:
  headers:
    Etag: [W/"«h:32»"]
    X-Request-Id: [«uuid»]
    Authorization: [<FILTERED>]
  body: {encoding: gzip, string: !!binary "H4sIAAAAAAAA«b64:200»"}
"#),
    file("chain", "tx.ts", "tx.ts", r#"const token = new Token(1, '0x«h:40»', 18, 'USDC');
const tx = '0x«h:64»';
const root = "0x«h:64»"; // merkle root
"#),
    file("chain", "sol.toml", "sol.toml", r#"[programs.mainnet]
token_vault = "«c:44»"
[ipfs]
cid = "bafybei«a:52»"
qm = "Qm«c:44»"
"#),
    file("numbers", "cards.md", "cards.md", r#"Test cards: 4000 0000 0000 3220, 5555 5555 5555 4444. IBAN GB29NWBK60161331926819. Tel. +1-202-555-0143.
"#),
    file("arn", "policy.yaml", "policy.yaml", r#"Resource:
  - !Sub arn:aws:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:«word»-*
  - arn:aws:iam::«d:12»:role/token-reader
KeyId: alias/«word»-key
"#),
    file("arn", "azure.json", "azure.json", r#"{"keyVaultId":"/subscriptions/«uuid»/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-«word»","secretName":"db-password","keyUri":"https://kv-«word».vault.azure.net/keys/k1/«h:32»"}
"#),
    file("log", "filtered.log", "filtered.log", r#"Started POST "/login" for «ip»
Parameters: {"user"=>{"email"=>"a@«host»", "password"=>"[FILTERED]"}, "authenticity_token"=>"[FILTERED]"}
GET /x?api_key=******** 200 trace_id=«h:32»
"#),
    file("log", "ci.log", "ci.log", r#"Run echo "token=***" >> $GITHUB_OUTPUT
##[debug]Secret masked: ***
Cache key: Linux-node-«h:64»
Downloaded «h:40».tgz
"#),
    file("id", "ids2.json", "ids2.json", r#"{"installation":"«d:8»","app_key":"checkout-web","session":"cs_test_«»a1","customer":"cus_«A:14»","message":"SM«»«h:32»","arn":"AROA«b:16»"}
"#),
];

/// Values that stand in the same places as real ones.
#[rustfmt::skip]
pub const VALUES: &[(&str, &str)] = &[
    ("placeholder", r#"<your-«NK»-here>"#),
    ("placeholder", r#"[your «N»]"#),
    ("placeholder", r#"YOUR-SECRET-HERE"#),
    ("placeholder", r#"your_super_secret_key"#),
    ("placeholder", r#"REPLACE_ME"#),
    ("placeholder", r#"replace_this_with_your_«N»"#),
    ("placeholder", r#"ADD_YOUR_TOKEN"#),
    ("placeholder", r#"xxxx-xxxx-xxxx-xxxx"#),
    ("placeholder", r#"XXXXXXXXXXXXXXXXXXXXXXXX"#),
    ("placeholder", r#"x0x0x0x0x0x0x0x0"#),
    ("placeholder", r#"--------"#),
    ("placeholder", r#"........"#),
    ("placeholder", r#"________________"#),
    ("placeholder", r#"sk-ant-api03-«»XXXXXXXXXXXXXXXXXXXX"#),
    ("placeholder", r#"sk-proj-«»xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"#),
    ("placeholder", r#"github_pat_«»XXXXXXXXXXXXXXXXXXXXXX_XXXXXXXXXXXXXXXX"#),
    ("placeholder", r#"AKIA«»XXXXXXXXXXXXXXXX"#),
    ("placeholder", r#"AKIA«»0000000000000000"#),
    ("placeholder", r#"npm_«»XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"#),
    ("placeholder", r#"hf_«»xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"#),
    ("placeholder", r#"dop_v1_«»your_token_here"#),
    ("placeholder", r#"whsec_«»..."#),
    ("placeholder", r#"postgres-password-placeholder"#),
    ("placeholder", r#"<secret>"#),
    ("placeholder", r#"(secret)"#),
    ("placeholder", r#"{«N»}"#),
    ("placeholder", r#"{{«NC»}}"#),
    ("placeholder", r#"<%= «N» %>"#),
    ("placeholder", r#"<%= ENV['«NU»'] %>"#),
    ("placeholder", r#"$(«NU»)"#),
    ("placeholder", r#"$[«NU»]"#),
    ("placeholder", r#"__«NU»__"#),
    ("placeholder", r#"~~«NU»~~"#),
    ("placeholder", r#"!!«NU»!!"#),
    ("placeholder", r#"%(«N»)s"#),
    ("placeholder", r#"FIXME"#),
    ("placeholder", r#"TBD"#),
    ("placeholder", r#"n/a"#),
    ("placeholder", r#"unset"#),
    ("placeholder", r#"not-set"#),
    ("placeholder", r#"undefined"#),
    ("placeholder", r#"deadbeefdeadbeefdeadbeefdeadbeef"#),
    ("placeholder", r#"0123456789abcdef0123456789abcdef"#),
    ("placeholder", r#"ffffffffffffffffffffffffffffffff"#),
    ("placeholder", r#"ABCDEFGHIJKLMNOP"#),
    ("placeholder", r#"qwertyuiop"#),
    ("placeholder", r#"12345678901234567890"#),
    ("placeholder", r#"foobar"#),
    ("placeholder", r#"hunter2"#),
    ("placeholder", r#"correct-horse-battery-staple"#),
    ("placeholder", r#"example.com"#),
    ("placeholder", r#"some-random-string"#),
    ("placeholder", r#"ThisIsNotASecret"#),
    ("placeholder", r#"thisisasecretkeychangeit"#),
    ("placeholder", r#"mysecretpassword"#),
    ("placeholder", r#"fake-token-for-tests"#),
    ("placeholder", r#"mock_api_key"#),
    ("placeholder", r#"testing-only-key"#),
    ("documented-example", r#"AKIA«»I44QH8DHBEXAMPLE"#),
    ("documented-example", r#"je7MtGbClwBF/«»2Zp9Utk/h3yCo8nvbEXAMPLEKEY"#),
    ("documented-example", r#"sk_test_«»BQokikJOvBiI2HlWgH4olfQ2"#),
    ("documented-example", r#"pk_«»live_51«A:99»"#),
    ("checksum-wrong", r#"«github-wrong:ghu»"#),
    ("checksum-wrong", r#"«github-wrong:ghr»"#),
    ("reference", r#"op://vault-prod/«word»/credential"#),
    ("reference", r#"vault://kv/«word»?field=«N»"#),
    ("reference", r#"arn:aws:ssm:eu-central-1:«d:12»:parameter/«word»/«N»"#),
    ("reference", r#"{{resolve:secretsmanager:«word»:SecretString:«N»}}"#),
    ("reference", r#"{{resolve:ssm-secure:/«word»/«N»:1}}"#),
    ("reference", r#"ENC[PKCS7,«b64:96»]"#),
    ("reference", r#"ENC(«b64:24»)"#),
    ("reference", r#"ref+vault://secret/«word»#/«N»"#),
    ("reference", r#"doppler://«word»/prd/«NU»"#),
    ("reference", r#"infisical:«word»/prod/«NU»"#),
    ("reference", r#"bws:«uuid»"#),
    ("reference", r#"akeyless:/prod/«word»/«N»"#),
    ("reference", r#"keychain:«word»/«N»"#),
    ("reference", r#"file:/run/secrets/«N»"#),
    ("reference", r#"valueFrom"#),
    ("reference", r#"#{ENV['«NU»']}"#),
    ("reference", r#"!vault/«word»"#),
    ("reference", r#"«word».credentials.«N»"#),
    ("reference", r#"settings.«NU»"#),
    ("reference", r#"self.«N»"#),
    ("reference", r#"secretsmanager://«word»"#),
    ("reference", r#"pass:«word»/«NK»"#),
    ("reference", r#"%{env:«NU»}"#),
    ("reference", r#"var.«N»"#),
    ("reference", r#"local.«N»"#),
    ("reference", r#"data.vault_generic_secret.«word»"#),
    ("word", r#"postgres"#),
    ("word", r#"mysql"#),
    ("word", r#"rabbitmq"#),
    ("word", r#"minioadmin"#),
    ("word", r#"letmein"#),
    ("word", r#"password1"#),
    ("word", r#"pass"#),
    ("word", r#"redis"#),
    ("word", r#"elastic"#),
    ("word", r#"toor"#),
    ("word", r#"prompt"#),
    ("word", r#"forbidden"#),
    ("word", r#"managed-identity"#),
    ("word", r#"session"#),
    ("word", r#"authenticated"#),
    ("word", r#"no-password"#),
    ("word", r#"enabled"#),
    ("word", r#"ask-me"#),
    ("word", r#"nosecret"#),
];
