//! What holds no secret: placeholders, references to secrets, look-ups, URLs.

use super::Innocent;

pub(super) const fn file(kind: &'static str, id: &'static str, path: &'static str, text: &'static str) -> Innocent {
    Innocent { kind, id, path, text }
}

#[rustfmt::skip]
pub const FILES: &[Innocent] = &[
    file("look-up", "node", "src/config.js", r#"const apiKey = process.env.STRIPE_SECRET_KEY;
const { DB_PASSWORD: password } = process.env;
exports.token = process.env['AUTH_TOKEN'] ?? '';
"#),
    file("look-up", "python", "app/settings.py", r#"import os

SECRET_KEY = os.environ["DJANGO_SECRET_KEY"]
DB_PASSWORD = os.getenv("DB_PASSWORD")
API_TOKEN = os.environ.get('API_TOKEN', '')
"#),
    file("look-up", "rust", "src/main.rs", r#"let token = std::env::var("GITHUB_TOKEN")?;
let password = env::var_os("PGPASSWORD").unwrap_or_default();
let secret = option_env!("SIGNING_SECRET");
"#),
    file("look-up", "go", "main.go", r#"apiKey := os.Getenv("OPENAI_API_KEY")
password, ok := os.LookupEnv("DATABASE_PASSWORD")
token := viper.GetString("auth.token")
"#),
    file("look-up", "java", "Config.java", r#"String password = System.getenv("DB_PASSWORD");
String secret = System.getProperty("client.secret");
@Value("${app.client-secret}") private String clientSecret;
"#),
    file("look-up", "csharp", "Startup.cs", r#"var apiKey = Environment.GetEnvironmentVariable("SENDGRID_API_KEY");
var secret = Configuration["Auth:ClientSecret"];
"#),
    file("look-up", "ruby", "config/database.rb", r#"password = ENV.fetch('DB_PASSWORD')
token = ENV['SLACK_BOT_TOKEN']
secret_key_base = Rails.application.credentials.secret_key_base
"#),
    file("look-up", "php", "config/app.php", r#"<?php
$password = getenv('DB_PASSWORD');
return ['key' => env('APP_KEY'), 'secret' => $_ENV['APP_SECRET'] ?? null];
"#),
    file("look-up", "shell", "run.sh", r#"export API_TOKEN="${API_TOKEN:?not set}"
PASSWORD=$(pass show prod/db)
TOKEN=`vault kv get -field=token secret/ci`
read -rs SECRET
"#),
    file("look-up", "powershell", "run.ps1", r#"$password = $env:DB_PASSWORD
$token = Read-Host -AsSecureString 'Token'
$secret = (Get-AzKeyVaultSecret -VaultName v -Name s).SecretValue
"#),
    file("look-up", "kotlin-dart", "keys.kt", r#"val apiKey: String = BuildConfig.API_KEY
val token = System.getenv("TOKEN") ?: error("no token")
val password = project.property("releasePassword") as String
"#),
    file("look-up", "swift", "Keys.swift", r#"let apiKey = ProcessInfo.processInfo.environment["API_KEY"]
let token = Bundle.main.object(forInfoDictionaryKey: "ApiToken") as? String
"#),
    file("look-up", "elixir", "runtime.exs", r#"secret_key_base: System.fetch_env!("SECRET_KEY_BASE"),
password: System.get_env("DB_PASSWORD")
"#),
    file("look-up", "terraform", "main.tf", r#"provider "x" {
  api_token = var.cloudflare_api_token
  password  = data.aws_secretsmanager_secret_version.db.secret_string
  client_secret = random_password.client.result
}
"#),
    file("look-up", "compose", "docker-compose.yml", r#"services:
  db:
    environment:
      POSTGRES_PASSWORD: ${DB_PASSWORD:-postgres}
      API_KEY: ${API_KEY?missing}
      POSTGRES_PASSWORD_FILE: /run/secrets/db_password
secrets:
  db_password:
    file: ./db_password.txt
"#),
    file("look-up", "actions", ".github/workflows/ci.yml", r#"env:
  GITHUB_TOKEN: ${{ secrets.GITHUB_TOKEN }}
  NPM_TOKEN: ${{ secrets.NPM_TOKEN }}
permissions:
  id-token: write
steps:
  - uses: docker/login-action@v3
    with:
      username: ${{ github.actor }}
      password: ${{ secrets.REGISTRY_PASSWORD }}
"#),
    file("look-up", "jenkins", "Jenkinsfile", r#"environment {
  DOCKER_PASSWORD = credentials('docker-registry-password')
  API_TOKEN = credentials('api-token-prod')
}
"#),
    file("look-up", "curl-variable", "docs/usage.md", r#"curl -H "Authorization: Bearer $TOKEN" https://api.«host»/v1
curl -u "$USER:$PASS" https://«host»
curl -H "X-Api-Key: ${API_KEY}" -H 'Authorization: Basic <base64>' https://«host»
"#),
    file("look-up", "argparse", "cli.py", r#"parser.add_argument('--password', default=None, help='password of the user')
parser.add_argument('--api-key', required=True, metavar='KEY')
"#),
    file("manager", "k8s-ref", "k8s/deploy.yaml", r#"env:
  - name: DB_PASSWORD
    valueFrom:
      secretKeyRef:
        name: «word»-db-credentials
        key: password
  - name: API_TOKEN
    valueFrom: { secretKeyRef: { name: «word», key: api-token } }
"#),
    file("manager", "external-secret", "k8s/external.yaml", r#"apiVersion: external-secrets.io/v1
kind: ExternalSecret
spec:
  secretStoreRef: { name: vault-backend, kind: ClusterSecretStore }
  data:
    - secretKey: password
      remoteRef: { key: secret/data/«word», property: db_password }
"#),
    file("manager", "sealed", "k8s/sealed.yaml", r#"apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
spec:
  encryptedData:
    password: AgB«b64:390»
    api-token: AgA«b64:390»
"#),
    file("manager", "sops-yaml", "secrets/prod.enc.yaml", r#"db_password: ENC[AES256_GCM,data:«b64:20»,iv:«b64:32»,tag:«b64:16»,type:str]
sops:
    kms: []
    age:
        - recipient: age1«a:58»
          enc: |
            -----BEGIN AGE ENCRYPTED FILE-----
            «b64:48»
            «b64:48»
            -----END AGE ENCRYPTED FILE-----
    lastmodified: "2026-03-01T10:00:00Z"
    mac: ENC[AES256_GCM,data:«b64:64»,iv:«b64:32»,tag:«b64:16»,type:str]
    version: 3.9.1
"#),
    file("manager", "ansible-vault", "group_vars/vault.yml", r#"$ANSIBLE_VAULT;1.1;AES256
«h:80»
«h:80»
«h:80»
«h:40»
"#),
    file("manager", "ansible-vault-inline", "group_vars/all.yml", r#"db_user: «user»
db_password: !vault |
          $ANSIBLE_VAULT;1.1;AES256
          «h:80»
          «h:80»
          «h:60»
port: 22
"#),
    file("manager", "pgp-message", "secrets.asc", r#"-----BEGIN PGP MESSAGE-----

«b64lines:500»
=«A:4»
-----END PGP MESSAGE-----
"#),
    file("manager", "age-message", "secrets.age", r#"age-encryption.org/v1
-> X25519 «b64u:32»
«b64u:32»
--- «b64u:32»
"#),
    file("manager", "dotenvx", ".env", r#"#/ public key
DOTENV_PUBLIC_KEY="03«h:64»"
API_KEY="encrypted:BD«b64:120»"
"#),
    file("manager", "rails-credentials", "config/credentials.yml.enc", r#"«b64:300»--«b64:12»--«b64:16»"#),
    file("manager", "hiera", "data/common.eyaml", r#"db::password: ENC[PKCS7,MIIBeQYJKoZIhvcNAQcDoIIBajCCAWYCAQAxggEhMIIBHQIBADAFMAACAQEw«b64:200»]
"#),
    file("manager", "jasypt", "application.properties", r#"spring.datasource.password=ENC(«b64:32»)
client.secret={cipher}«h:96»
"#),
    file("manager", "travis-secure", ".travis.yml", r#"env:
  global:
    - secure: "«b64:512»"
"#),
    file("manager", "chamber", "Procfile", r#"web: chamber exec «word» -- ./server --token-from-env
release: op run --env-file=.env.tpl -- ./migrate
"#),
    file("manager", "op-template", ".env.tpl", r#"DB_PASSWORD=op://prod/«word»-db/password
API_KEY="op://prod/«word»/api key"
TOKEN=gcp:secretmanager:projects/x/secrets/y
"#),
    file("manager", "kustomize", "kustomization.yaml", r#"secretGenerator:
  - name: «word»-secret
    envs: [secret.env]
    options: { disableNameSuffixHash: true }
"#),
    file("manager", "maven-encrypted", "settings.xml", r#"<server><id>releases</id><username>ci</username><password>${env.MAVEN_PASSWORD}</password></server>
<server><id>x</id><privateKey>${user.home}/.ssh/id_rsa</privateKey><passphrase>${env.PASSPHRASE}</passphrase></server>
"#),
    file("manager", "npmrc", ".npmrc", r#"//registry.npmjs.org/:_authToken=${NPM_TOKEN}
@acme:registry=https://npm.«host»/
//npm.«host»/:_authToken=$CI_JOB_TOKEN
"#),
    file("manager", "pip", "pip.conf", r#"[global]
index-url = https://${PIP_USER}:${PIP_PASSWORD}@pypi.«host»/simple
trusted-host = pypi.«host»
"#),
    file("url", "u0", "README.md", r#"postgres://user:password@localhost/db and `postgres://postgres:postgres@db:5432/app`
"#),
    file("url", "u1", "docker-compose.yml", r#"services:
  web:
    environment:
      DATABASE_URL: postgres://postgres:postgres@db:5432/postgres
      REDIS_URL: redis://redis:6379/0
      AMQP_URL: amqp://guest:guest@rabbitmq:5672/
"#),
    file("url", "u2", ".env.example", r#"DATABASE_URL=mysql://root:root@127.0.0.1:3306/app
MONGO=mongodb://admin:admin@localhost:27017
REDIS_URL=redis://:password@localhost:6379
"#),
    file("url", "u3", "docs/urls.md", r#"https://<user>:<password>@«host»/repo.git
https://USERNAME:PASSWORD@«host»/x
https://user:****@«host»/
https://${USER}:${TOKEN}@«host»/
https://{user}:{pass}@«host»
"#),
    file("url", "u4", ".gitmodules", r#"[submodule "x"]
	url = git@github.com:acme/«word».git
	path = vendor/x
[submodule "y"]
	url = ssh://git@git.«host»:2222/acme/y.git
"#),
    file("url", "u5", "CONTRIBUTING.md", r#"Write to mailto:security@«host» or https://forum.«host»/u/@someone/posts?page=2#c12
"#),
    file("url", "u6", "src/net.rs", r#"let url = format!("https://{user}:{password}@{host}:{port}/");
let other = "http://user@«host»:8080/path@2x.png";
"#),
    file("url", "u7", "src/net.py", r#"url = f"postgresql://{settings.user}:{settings.password}@{settings.host}/{name}"
url2 = 'mysql://%s:%s@%s/%s' % (u, p, h, d)
DSN = "postgres://%(user)s:%(password)s@%(host)s"
"#),
    file("url", "u8", "src/db.ts", r#"const uri = `mongodb+srv://${user}:${encodeURIComponent(pass)}@${host}/?retryWrites=true`;
"#),
    file("url", "u9", "nginx.conf", r#"location ~ ^/@([a-z]+):(\d+)/ { proxy_pass http://«host»:8080; }
"#),
    file("url", "u10", "assets.html", r#"<script src="https://cdn.«host»/npm/vue@3.4.21/dist/vue.global.js"></script>
<link href="https://unpkg.com/:latest@2/x.css">
"#),
    file("url", "u11", "Web.config", r#"<add name="D" connectionString="Server=.;Database=«word»;Integrated Security=True;TrustServerCertificate=True" />
<add name="E" connectionString="Data Source=db;User Id=app;Password=;" />
"#),
    file("url", "u12", "appsettings.Development.json", r#"{"ConnectionStrings":{"Default":"Host=localhost;Port=5432;Database=«word»;Username=postgres;Password=postgres","Storage":"UseDevelopmentStorage=true"}}
"#),
    file("url", "u13", "docs/azure.md", r#"DefaultEndpointsProtocol=https;AccountName=<account>;AccountKey=<key>;EndpointSuffix=core.windows.net
Server=myServerAddress;Database=myDataBase;User Id=myUsername;Password=myPassword;
"#),
    file("url", "u14", "docker/azurite.env", r#"AZURE_STORAGE_CONNECTION_STRING=DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1«»OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;
"#),
    file("url", "u15", "docker/cosmos.env", r#"COSMOS_KEY=C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2n«»Q9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw==
"#),
    file("url", "u16", "docs/sas.md", r#"https://acct.blob.core.windows.net/c?sv=2024-11-04&se=2026-01-01&sr=c&sp=r&sig=<signature>
https://acct.blob.core.windows.net/c?sig=REDACTED
"#),
    file("url", "u17", "jdbc.properties", r#"spring.datasource.url=jdbc:h2:mem:testdb;DB_CLOSE_DELAY=-1
spring.datasource.username=sa
spring.datasource.password=
flyway.url=jdbc:postgresql://localhost:5432/«word»
"#),
];

/// Values that stand in the same places as real ones.
#[rustfmt::skip]
pub const VALUES: &[(&str, &str)] = &[
    ("placeholder", r#"YOUR_API_KEY"#),
    ("placeholder", r#"your-token-here"#),
    ("placeholder", r#"<token>"#),
    ("placeholder", r#"<YOUR_SECRET>"#),
    ("placeholder", r#"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"#),
    ("placeholder", r#"XXXXXXXX"#),
    ("placeholder", r#"****************"#),
    ("placeholder", r#"${«NU»}"#),
    ("placeholder", r#"$«NU»"#),
    ("placeholder", r#"{{ «N» }}"#),
    ("placeholder", r#"{{ .Values.auth.«NC» }}"#),
    ("placeholder", r#"%«NU»%"#),
    ("placeholder", r#"#{«NU»}"#),
    ("placeholder", r#"@«N»@"#),
    ("placeholder", r#"changeme"#),
    ("placeholder", r#"change-me-in-production"#),
    ("placeholder", r#"example-«NK»"#),
    ("placeholder", r#"dummy"#),
    ("placeholder", r#"test-token"#),
    ("placeholder", r#"fake_secret"#),
    ("placeholder", r#"sample_key"#),
    ("placeholder", r#"TODO"#),
    ("placeholder", r#"REDACTED"#),
    ("placeholder", r#"[REDACTED]"#),
    ("placeholder", r#"000000000000000000000000"#),
    ("placeholder", r#"1234567890"#),
    ("placeholder", r#"abcdefghijklmnopqrstuvwxyz"#),
    ("placeholder", r#"aaaaaaaaaaaaaaaaaaaaaaaa"#),
    ("placeholder", r#"sk-ant-..."#),
    ("placeholder", r#"sk-«»...your-key"#),
    ("placeholder", r#"ghp_«»xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"#),
    ("placeholder", r#"xoxb-«»your-bot-token"#),
    ("placeholder", r#"AIza«»XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"#),
    ("placeholder", r#"sk_«»live_xxxxxxxxxxxxxxxxxxxxxxxx"#),
    ("placeholder", r#"glpat-«»XXXXXXXXXXXXXXXXXXXX"#),
    ("placeholder", r#"SG.«»xxxxxxxxxxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"#),
    ("placeholder", r#"insert_your_key_here"#),
    ("placeholder", r#"replace-with-real-value"#),
    ("placeholder", r#"put-your-password-here"#),
    ("placeholder", r#"not-a-real-secret"#),
    ("placeholder", r#"my-secret-key"#),
    ("placeholder", r#"secret-from-vault"#),
    ("placeholder", r#"none"#),
    ("placeholder", r#"null"#),
    ("placeholder", r#"<redacted>"#),
    ("placeholder", r#"hf_«»..."#),
    ("placeholder", r#"enter «N»"#),
    ("placeholder", r#"your_«N»_goes_here"#),
    ("placeholder", r#"●●●●●●●●"#),
    ("placeholder", r#"…"#),
    ("documented-example", r#"AKIA«»IOSFODNN7EXAMPLE"#),
    ("documented-example", r#"wJalrXUtnFEMI/«»K7MDENG/bPxRfiCYEXAMPLEKEY"#),
    ("documented-example", r#"sk_test_«»4eC39HqLyjWDarjtT1zdP7dc"#),
    ("documented-example", r#"pk_test_«»TYooMQauvdEDq54NiTphI7jx"#),
    ("documented-example", r#"«any:pk_»«»live_«A:24»"#),
    ("checksum-wrong", r#"«github-wrong:ghp»"#),
    ("checksum-wrong", r#"«github-wrong:gho»"#),
    ("checksum-wrong", r#"«github-wrong:ghs»"#),
    ("reference", r#"op://Production/«word»/password"#),
    ("reference", r#"vault:secret/data/«word»#«N»"#),
    ("reference", r#"arn:aws:secretsmanager:eu-west-1:«d:12»:secret:«word»-«A:6»"#),
    ("reference", r#"ENC[AES256_GCM,data:«b64:24»,iv:«b64:32»,tag:«b64:16»,type:str]"#),
    ("reference", r#"projects/«d:12»/secrets/«word»/versions/latest"#),
    ("reference", r#"ref+awsssm://«word»/«N»"#),
    ("reference", r#"/run/secrets/«N»"#),
    ("reference", r#"file:///etc/«word»/«NK»"#),
    ("reference", r#"ssm:/«word»/prod/«N»"#),
    ("reference", r#"@Microsoft.KeyVault(SecretUri=https://«word».vault.azure.net/secrets/«NK»/)"#),
    ("reference", r#"keyring:«word»"#),
    ("reference", r#"env(«NU»)"#),
    ("reference", r#"${{ secrets.«NU» }}"#),
    ("reference", r#"!secret «N»"#),
    ("reference", r#"{cipher}«h:64»"#),
    ("reference", r#"sm://«word»/«N»"#),
    ("reference", r#"gcp-sm://projects/«word»/secrets/«N»"#),
    ("reference", r#"{{ vault_«word»_«N» }}"#),
    ("reference", r#"%env(«NU»)%"#),
    ("reference", r#"${env:«NU»}"#),
    ("reference", r#"bao:kv/«word»"#),
    ("word", r#"password"#),
    ("word", r#"postgres"#),
    ("word", r#"root"#),
    ("word", r#"admin"#),
    ("word", r#"secret"#),
    ("word", r#"test123"#),
    ("word", r#"guest"#),
    ("word", r#"required"#),
    ("word", r#"string"#),
    ("word", r#"hidden"#),
    ("word", r#"Bearer"#),
    ("word", r#"optional"#),
    ("word", r#"disabled"#),
    ("word", r#"inherit"#),
    ("word", r#"keychain"#),
    ("word", r#"oauth2"#),
    ("word", r#"false"#),
    ("word", r#"ssh-agent"#),
];
