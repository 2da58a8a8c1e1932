//! What holds no secret: code, schemas, texts for people, tools that look for secrets.

use super::Innocent;
use super::innocent::file;

#[rustfmt::skip]
pub const FILES: &[Innocent] = &[
    file("code", "types.ts", "types.ts", r#"export interface Login {
  username: string;
  password: string;
  token?: string | null;
  apiKey: ApiKey;
  readonly secret: Buffer;
}
"#),
    file("code", "types.rs", "types.rs", r#"pub struct Login {
    pub password: String,
    pub token: Option<String>,
    pub api_key: SecretString,
    client_secret: &'static str,
}
"#),
    file("code", "types.go", "types.go", r#"type Login struct {
	Password string `json:"password" validate:"required,min=12"`
	Token    *oauth2.Token `json:"access_token,omitempty"`
	APIKey   string `env:"API_KEY"`
}
"#),
    file("code", "types.py", "types.py", r#"class Login(BaseModel):
    password: SecretStr = Field(..., min_length=12)
    token: Optional[str] = None
    api_key: str | None
    client_secret = models.CharField(max_length=255, blank=True)
"#),
    file("code", "schema.graphql", "schema.graphql", r#"input LoginInput {
  email: String!
  password: String!
  refreshToken: ID
}
"#),
    file("code", "schema.prisma", "schema.prisma", r#"model User {
  id       String  @id @default(uuid())
  password String
  apiToken String? @unique @map("api_token")
}
"#),
    file("code", "schema.sql", "schema.sql", r#"CREATE TABLE users (
  id uuid PRIMARY KEY,
  password_hash varchar(255) NOT NULL,
  api_token text UNIQUE,
  secret_key bytea
);
"#),
    file("code", "openapi.yaml", "openapi.yaml", r#"components:
  schemas:
    Login:
      properties:
        password: { type: string, format: password, minLength: 12 }
        token:
          type: string
          description: access token of the session
  securitySchemes:
    bearerAuth: { type: http, scheme: bearer, bearerFormat: JWT }
"#),
    file("code", "calls.py", "calls.py", r#"token = get_token()
secret = SecretStr(settings.secret)
password = getpass.getpass('Password: ')
api_key = config['api']['key']
auth_token = secrets.token_urlsafe(32)
password=hashlib.sha256(raw.encode()).hexdigest()
"#),
    file("code", "calls.js", "calls.js", r#"const token = await getAccessToken({ scope: 'read' });
const password = req.body.password;
const secret = crypto.randomBytes(32).toString('hex');
const apiKey = apiKeys.find((k) => k.active);
login({ password: password, token: user.accessToken, apiKey: apiKey });
"#),
    file("code", "calls.java", "calls.java", r#"String token = jwtTokenProvider.createToken(authentication);
this.password = passwordEncoder.encode(request.getPassword());
builder.clientSecret(clientRegistration.getClientSecret());
private final AuthenticationTokenProviderFactoryBean tokenProvider;
"#),
    file("code", "calls.rs", "calls.rs", r#"let token = self.tokens.get(&session_id).cloned();
let password = rpassword::prompt_password("Password: ")?;
let secret = SecretKey::random(&mut OsRng);
assert_eq!(token.len(), 32);
let key_pair = KeyPair { public_key: public_key.clone(), secret_key };
"#),
    file("code", "calls.cs", "calls.cs", r#"var token = await _tokenService.CreateTokenAsync(user, cancellationToken);
Password = password ?? throw new ArgumentNullException(nameof(password));
services.Configure<JwtOptions>(o => o.SigningKey = configuration.GetSection("Jwt")["SigningKey"]);
"#),
    file("code", "calls.php", "calls.php", r#"<?php
$user->password = Hash::make($request->password);
$token = $user->createToken('api')->plainTextToken;
$secret = bin2hex(random_bytes(32));
"#),
    file("code", "calls.rb", "calls.rb", r#"self.password_digest = BCrypt::Password.create(new_password)
token = SecureRandom.urlsafe_base64(32)
has_secure_token :auth_token, length: 36
validates :password, presence: true, length: { minimum: 12 }
"#),
    file("code", "calls.kt", "calls.kt", r#"val token = prefs.getString(KEY_ACCESS_TOKEN, null)
val password = binding.passwordEditText.text.toString()
const val KEY_ACCESS_TOKEN = "access_token"
const val EXTRA_PASSWORD = "com.acme.app.EXTRA_PASSWORD"
"#),
    file("code", "constants.java", "constants.java", r#"public static final String SECRET_KEY_HEADER = "X-Secret-Key";
public static final String PASSWORD_PARAMETER = "j_password";
public static final String TOKEN_ENDPOINT = "/oauth2/v2.0/token";
private static final String API_KEY_PROPERTY = "com.acme.«word».apiKey";
"#),
    file("code", "constants.py", "constants.py", r#"PASSWORD_FIELD = 'password'
TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"
SECRET_NAME = 'projects/«word»/secrets/db-password'
AUTH_BACKEND = 'django.contrib.auth.backends.ModelBackend'
PASSWORD_HASHERS = ['django.contrib.auth.hashers.Argon2PasswordHasher']
"#),
    file("code", "constants.ts", "constants.ts", r#"export const TOKEN_KEY = 'auth.token.v2';
export const REFRESH_TOKEN_COOKIE = '__Host-refresh-token';
export enum GrantType { Password = 'password', ClientSecret = 'client_secret_basic', Token = 'urn:ietf:params:oauth:grant-type:token-exchange' }
export const PASSWORD_REGEX = /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*[@$!%*?&])[A-Za-z\d@$!%*?&]{12,}$/;
"#),
    file("code", "constants.go", "constants.go", r#"const (
	HeaderAPIKey    = "X-Api-Key"
	SecretTypeToken = "kubernetes.io/service-account-token"
	TokenPath       = "/var/run/secrets/kubernetes.io/serviceaccount/token"
	passwordChars   = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
)
"#),
    file("code", "errors.ts", "errors.ts", r#"throw new Error('password must have at least 12 characters, one digit and one symbol');
const messages = { invalidToken: 'Token is invalid or has expired', secretMissing: 'No client secret was configured!' };
"#),
    file("code", "paths.yml", "paths.yml", r#"private_key: /etc/ssl/private/«word»-key.pem
tokenFile: /var/run/secrets/token
ssl_key: ./certs/server.key
password_file: ~/.config/«word»/password.txt
credentials: C:\\Users\\ci\\creds.json
secretsDir: config/secrets/production
"#),
    file("code", "ids.tf", "ids.tf", r#"resource "x" "y" {
  kms_key_id = "arn:aws:kms:eu-west-1:«d:12»:key/«uuid»"
  key_name   = "«word»-prod-2026"
  secret_id  = aws_secretsmanager_secret.db.id
  primary_key = "id"
  hash_key = "userId"
}
"#),
    file("code", "ids.json", "ids.json", r#"{"key_id":"«uuid»","kid":"«h:40»","public_key":"«b64:32»","primaryKey":"customer_order_id","partitionKey":"/tenantId","secretName":"my-app-tls","tokenId":"«uuid»","keyVersion":"«h:32»"}
"#),
    file("code", "ids.yaml", "ids.yaml", r#"cache:
  key: v2-«h:40»
  sort_key: created_at
token_type: bearer
max_tokens: 4096
tokenizer: cl100k_base
keyboard: qwerty
monkey: patch
passwordPolicy: strict-with-rotation
secretName: my-app-tls
client_id: «uuid»
tenant_id: «uuid»
"#),
    file("code", "actions.yml", "actions.yml", r#"- uses: actions/cache@v4
  with:
    key: ${{ runner.os }}-cargo-${{ hashFiles('**/Cargo.lock') }}
    restore-keys: linux-cargo-
- uses: actions/checkout@«h:40»
"#),
    file("code", "css.css", "css.css", r#".password-input-wrapper-with-toggle-icon { color: #a1b2c3; }
.token--keyword-control-flow { color: #ff00aa }
#secret-key-form > .apiKey-field { background: #0f172a }
"#),
    file("code", "form.html", "form.html", r#"<label for="password">Password</label>
<input type="password" name="password" id="password" placeholder="At least 12 characters" autocomplete="current-password">
<input type="hidden" name="csrf_token" value="{{ csrf_token() }}">
"#),
    file("code", "form.tsx", "form.tsx", r#"<Field name="apiKey" label="API key" type="password" placeholder="sk-«»..." helperText="Find your API key in Settings > Developer" />
<PasswordInput value={password} onChange={(e) => setPassword(e.target.value)} />
const [token, setToken] = useState<string | null>(null);
"#),
    file("code", "i18n-de.json", "i18n/de.json", r#"{"password":"Passwort","forgotPassword":"Passwort vergessen?","token":"Zugriffstoken","secret":"Geheimschlüssel","apiKey":"API-Schlüssel eingeben","passwordConfirmation":"Passwort wiederholen"}
"#),
    file("code", "i18n-fr.yml", "i18n/fr.yml", r#"fr:
  password: "Mot de passe"
  forgot_password: "Mot de passe oublié ?"
  secret_key: Clé-secrète-partagée
  token: "Jeton d'accès expiré"
"#),
    file("code", "i18n-ja.json", "i18n/ja.json", r#"{"password":"パスワード","apiKey":"APIキーを入力してください","secret":"秘密鍵"}
"#),
    file("code", "i18n-messages.properties", "i18n/messages.properties", r#"login.password=Kennwort
login.password.rule=Mindestens-12-Zeichen,1-Ziffer
login.token.expired=Token abgelaufen
password.strength.veryStrong=Sehr-sicher!
"#),
    file("code", "strings.xml", "strings.xml", r#"<string name="password">Password</string>
<string name="hint_api_key">Paste your API key here</string>
<string name="error_token_expired">Your session token has expired</string>
"#),
    file("code", "empty.yml", "empty.yml", r#"password: ""
token: null
secret: ~
api_key:
client_secret: ''
auth: true
use_token: false
passwd: 
"#),
    file("code", "empty.env", "empty.env", r#"PASSWORD=
API_KEY=""
TOKEN=''
SECRET_ROTATION_DAYS=90
TOKEN_TTL=3600
PASSWORD_MIN_LENGTH=12
"#),
    file("code", "local.yml", "local.yml", r#"services:
  postgres:
    environment:
      POSTGRES_USER: postgres
      POSTGRES_PASSWORD: postgres
  mysql:
    environment:
      MYSQL_ROOT_PASSWORD: root
      MYSQL_PASSWORD: secret
  rabbit:
    environment: [RABBITMQ_DEFAULT_PASS=guest, MINIO_ROOT_PASSWORD=minioadmin]
"#),
    file("code", "tests-login_test.py", "tests/login_test.py", r#"def test_login(client):
    r = client.post('/login', json={'username': 'alice', 'password': 'password123'})
    assert r.status_code == 200
    user = make_user(password="test", token="dummy-token")
"#),
    file("code", "tests-auth.spec.ts", "tests/auth.spec.ts", r#"it('logs in', async () => {
  await login('admin', 'admin');
  const token = 'test-token';
  expect(fakeSecret).toBe('not-a-secret');
});
"#),
    file("code", "detector-gitleaks.toml", "detector/gitleaks.toml", r#"[[rules]]
id = "github-pat"
regex = '''ghp_[0-9a-zA-Z]{36}'''
keywords = ["ghp_"]
[[rules]]
id = "aws-access-token"
regex = '''\b((?:A3T[A-Z0-9]|AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})\b'''
[[rules]]
id="generic-api-key"
regex = '''(?i)[\w.-]{0,50}?(?:access|auth|api|credential|creds|key|passw(?:or)?d|secret|token)(?:[ \t\w.-]{0,20})[\s'"]{0,3}(?:=|>|:{1,3}=|\|\||:|=>|\?=|,)[\x60'"\s=]{0,5}([\w.=-]{10,150})'''
"#),
    file("code", "detector-rules.yaml", "detector/rules.yaml", r#"rules:
  - name: Stripe
    regex: "[rs]k_live_[a-zA-Z0-9]{20,247}"
  - name: Private key
    regex: "-----BEGIN (RSA |EC |OPENSSH )?PRIVATE KEY-----"
  - name: Slack
    regex: 'xox[baprs]-([0-9a-zA-Z]{10,48})'
  - name: URL
    regex: '[a-z]+://[^/\s:@]{3,20}:[^/\s:@]{3,20}@.{1,100}'
"#),
    file("code", "detector-scan.py", "detector/scan.py", r#"PATTERNS = {
    'anthropic': re.compile(r'sk-ant-(?:api|admin)\d{2}-[\w-]{80,}'),
    'openai': re.compile(r'sk-[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}'),
    'password': re.compile(r"password\s*[:=]\s*['\"]([^'\"]{8,})['\"]"),
}
MARK = '-----BEGIN PRIVATE KEY-----'
"#),
    file("code", ".secrets.baseline", ".secrets.baseline", r#"{
  "version": "1.5.0",
  "plugins_used": [{"name": "Base64HighEntropyString", "limit": 4.5}],
  "results": {
    "app/settings.py": [
      {"type": "Secret Keyword", "filename": "app/settings.py", "hashed_secret": "«h:40»", "is_verified": false, "line_number": 12}
    ]
  }
}
"#),
    file("code", "docs-policy.md", "docs/policy.md", r#"## Passwords

Passwords have at least 14 characters. Use a passphrase: three or more random words. Never reuse a password; rotate tokens every 90 days. API keys start with `sk_live_` or `rk_live_`, GitHub tokens with `ghp_`, and Slack's with `xoxb-`.
"#),
    file("code", "docs-auth.md", "docs/auth.md", r#"Send `Authorization: Bearer <access_token>`. Basic: `Authorization: Basic base64(user:password)`.

| Name | Description |
|---|---|
| `client_secret` | secret of the application |
| `token` | one-time-token-from-the-mail |

API key: ask in #platform-support.
"#),
    file("code", "feature.json", "feature.json", r#"{"flags":{"enablePasswordlessLogin":true,"tokenExchangeV2Rollout":"25%","secretScanningPushProtection":"enabled","apiKeyRotationReminder":"weekly-on-monday"}}
"#),
    file("code", "imports.java", "imports.java", r#"import org.springframework.security.oauth2.client.endpoint.DefaultAuthorizationCodeTokenResponseClient;
import org.springframework.security.crypto.password.DelegatingPasswordEncoder;
secretKeyFactory = javax.crypto.SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256");
"#),
    file("code", "imports.go", "imports.go", r#"import (
	tokenreview "k8s.io/api/authentication/v1beta1"
	secretmanager "cloud.google.com/go/secretmanager/apiv1/secretmanagerpb"
	passwordvalidator "github.com/wagslane/go-password-validator"
)
"#),
    file("code", "xml-security.xml", "xml/security.xml", r#"<bean id="passwordEncoder" class="org.springframework.security.crypto.bcrypt.BCryptPasswordEncoder"/>
<property name="password" value="${db.password}"/>
<property name="keyStorePassword" ref="keyStorePasswordSupplier"/>
"#),
    file("code", "llm-config.yaml", "llm/config.yaml", r#"model: claude-sonnet
max_tokens: 8192
token_limit_per_minute: 450000
pad_token: "<|endoftext|>"
eos_token: </s>
special_tokens: ["<|im_start|>", "<|im_end|>"]
bos_token_id: 128000
"#),
    file("code", "llm-tokenizer.json", "llm/tokenizer.json", r#"{"added_tokens":[{"id":0,"content":"<unk>","special":true}],"model":{"vocab":{"Ġauthentication":11233,"Ġpassword":8801,"ĠSecretKeySpec":40122},"merges":["Ġt oken","s ecret"]}}
"#),
    file("code", "ui-keys.ts", "ui/keys.ts", r#"export const shortcuts = { key: 'Ctrl+Shift+KeyP', accessKey: 'KeyboardShortcutForSave', hotkey: 'cmd+option+t' };
const secretSantaParticipants = ['anna', 'bert'];
const tokenCount = countTokens(text);
"#),
    file("code", "sql-query.sql", "sql/query.sql", r#"SELECT password_reset_token, api_key_last_used_at FROM users WHERE token = $1 AND secret_hash = crypt(:secret, secret_hash);
UPDATE users SET password = ? WHERE id = ?;
"#),
    file("code", "hcl-vault-policy.hcl", "hcl/vault-policy.hcl", r#"path "secret/data/«word»/*" {
  capabilities = ["read", "list"]
}
path "auth/token/lookup-self" { capabilities = ["read"] }
token_policies = ["«word»-read-only-policy"]
"#),
    file("code", "cmds.sh", "cmds.sh", r#"mysql -u root -p "$DB"
sshpass -e ssh host
docker login -u "$USER" --password-stdin < token.txt
openssl rand -base64 32
ssh-keygen -t ed25519 -N '' -f id_test
gh auth token | pbcopy
mkdir -p build/private-keys-for-testing
"#),
    file("code", "cmds2.sh", "cmds2.sh", r#"helm install x ./chart --set auth.password="$PASSWORD" --set auth.existingSecret=«word»-postgresql-credentials
kubectl create secret generic db --from-literal=password="$(openssl rand -hex 16)"
terraform apply -var="db_password=${TF_DB_PASSWORD}"
"#),
    file("code", "agent-settings.json", "agent/settings.json", r#"{"permissions":{"allow":["Bash(export TOKEN=\"$(gh auth token)\":*)","Bash(curl -H \"Authorization: Bearer $API_TOKEN\" https://«host»:*)"]},"env":{"API_KEY":"${API_KEY}"},"apiKeyHelper":"/usr/local/bin/get-api-key.sh"}
"#),
    file("code", "mocks-server.js", "mocks/server.js", r#"nock('https://«host»').post('/token').reply(200, { access_token: 'mock-access-token', token_type: 'Bearer', expires_in: 3600 });
"#),
    file("code", "snap.snap", "snap.snap", r#"exports[`Login renders 1`] = `
<input
  aria-label="password"
  class="css-1a2b3c4-PasswordInput-root"
  data-testid="password-field-confirmation"
/>
`;
"#),
];
