//! Private keys in all their wrappings, the files that tools keep credentials in, exports.

use super::structured::form;
use super::{Structured, Wrap};

#[rustfmt::skip]
pub const FORMS: &[Structured] = &[
    form("private-key", "rsa-file", "id_rsa", "«pem:rsa»", r#"«V»"#),
    form("private-key", "ec-file", "server.key", "«pem:ec»", r#"«V»"#),
    form("private-key", "dsa-file", "id_dsa", "«pem:dsa»", r#"«V»"#),
    form("private-key", "pkcs8-file", "tls/private.pem", "«pem:pkcs8»", r#"«V»"#),
    form("private-key", "encrypted-file", "tls/encrypted.pem", "«pem:encrypted»", r#"«V»"#),
    form("private-key", "openssh-file", "keys/deploy_key", "«pem:openssh»", r#"«V»"#),
    form("private-key", "pgp-file", "secring.asc", "«pem:pgp»", r#"«V»"#),
    Structured { kind: "private-key", id: "rsa-crlf", path: "certs/old.pem", secret: "«pem:rsa»", wrap: Wrap::Crlf, text: r#"Bag Attributes
    friendlyName: «word»
«V»"# },
    form("private-key", "json-escaped", "config/jwt.json", "«pem:pkcs8»", r#"{"issuer": "«host»", "private_key": "«VJ»"}
"#),
    form("private-key", "env-escaped", ".env", "«pem:rsa»", r#"APP_ID=«d:6»
PRIVATE_KEY="«VJ»"
"#),
    form("private-key", "yaml-block", "ansible/vars.yml", "«pem:openssh»", r#"deploy_user: «user»
deploy_key: |
  «VI:2»
port: 22
"#),
    form("private-key", "k8s-tls", "k8s/tls.yaml", "«pem:ec»", r#"apiVersion: v1
kind: Secret
type: kubernetes.io/tls
metadata:
  name: tls
data:
  tls.key: «V64»
"#),
    form("private-key", "go-raw", "internal/keys/keys.go", "«pem:ec»", r#"package keys

var signing = []byte(`«V»`)
"#),
    form("private-key", "js-template", "src/github-app.js", "«pem:pkcs8»", r#"export const app = new App({ appId: 7, privateKey: `«V»` });
"#),
    form("private-key", "terraform-heredoc", "infra/key.tf", "«pem:rsa»", r#"resource "x_key" "k" {
  private_key = <<EOT
«V»EOT
}
"#),
    Structured { kind: "private-key", id: "utf16", path: "win/key.txt", secret: "«pem:pkcs8»", wrap: Wrap::Utf16Le, text: r#"«V»"# },
    form("private-key", "base64-env", ".env.ci", "«pem:rsa»", r#"SIGNING_KEY_B64=«V64»
"#),
    Structured { kind: "private-key", id: "putty", path: "keys/server.ppk", secret: "«b64lines:440»", wrap: Wrap::Crlf, text: r#"PuTTY-User-Key-File-3: ssh-ed25519
Encryption: none
Comment: «user»@«host»
Public-Lines: 2
AAAAC3NzaC1lZDI1NTE5AAAAI«p:43»
«p:16»==
Private-Lines: 8
«V»
Private-MAC: «h:64»
"# },
    form("private-key", "jwk", "keys/signing.jwk", "«b64u:32»", r#"{"kty":"EC","crv":"P-256","kid":"«uuid»","x":"«b64u:32»","y":"«b64u:32»","d":"«V»"}"#),
    form("private-key", "age-file", "keys.txt", "«age»", r#"# created: «date»T10:00:00Z
# public key: age1«a:58»
«V»
"#),
    form("private-key", "wireguard", "wg0.conf", "«b64:32»", r#"[Interface]
Address = 10.8.0.2/24
PrivateKey = «V»

[Peer]
PublicKey = «b64:32»
AllowedIPs = 0.0.0.0/0
"#),
    form("service-account", "gcp-file", "keys/«word»-sa.json", "«pem:pkcs8»", r#"{
  "type": "service_account",
  "project_id": "«word»-prod",
  "private_key_id": "«h:40»",
  "private_key": "«VJ»",
  "client_email": "«word»@«word»-prod.iam.gserviceaccount.com",
  "client_id": "«d:21»",
  "token_uri": "https://oauth2.googleapis.com/token"
}
"#),
    form("service-account", "gcp-base64", ".env.deploy", "«pem:pkcs8»", r#"GOOGLE_CREDENTIALS_JSON='{"type":"service_account","project_id":"«word»","private_key":"«VJ»"}'
"#),
    form("aws", "credentials-file", "home/.aws/credentials", "«p:40»", r#"[default]
aws_access_key_id = AKIA«b:16»
aws_secret_access_key = «V»

[stage]
role_arn = arn:aws:iam::«d:12»:role/x
"#),
    Structured { kind: "aws", id: "pair-csv", path: "rootkey.csv", secret: "«p:40»", wrap: Wrap::Crlf, text: r#"Access key ID,Secret access key
AKIA«b:16»,«V»
"# },
    form("aws", "pair-code", "lambda/index.js", "«p:40»", r#"AWS.config.update({ accessKeyId: 'AKIA«b:16»', secretAccessKey: '«V»', region: 'us-east-1' });
"#),
    form("aws", "pair-positional", "jobs/s3.py", "«p:40»", r#"s3 = boto3.client("s3", "eu-west-1", None, True, None, None, "AKIA«b:16»", "«V»")
"#),
    form("aws", "sts-json", "tmp/sts.json", "«p:40»", r#"{"Credentials":{"AccessKeyId":"ASIA«b:16»","SecretAccessKey":"«V»","SessionToken":"IQoJb3JpZ2luX2Vj«b64:300»","Expiration":"2026-11-01T00:00:00Z"}}"#),
    form("tool-file", "netrc", "home/.netrc", "«A:18»", r#"machine api.«host»
  login «user»
  password «V»
"#),
    form("tool-file", "netrc-one-line", ".netrc", "«A:24»", r#"machine «host» login «user» password «V»
"#),
    form("tool-file", "npmrc-token", ".npmrc", "«uuid»", r#"registry=https://npm.«host»/
//npm.«host»/:_authToken=«V»
"#),
    form("tool-file", "npmrc-auth", "packages/.npmrc", "«human»", r#"//npm.«host»/:_auth=«VBASIC:deploy»
always-auth=true
"#),
    form("tool-file", "npmrc-password", ".npmrc", "«A:18»", r#"//npm.«host»/:username=«user»
//npm.«host»/:_password="«V64»"
"#),
    form("tool-file", "yarnrc", ".yarnrc.yml", "«A:36»", r#"npmRegistries:
  "https://npm.«host»":
    npmAuthToken: "«V»"
"#),
    form("tool-file", "pypirc", "home/.pypirc", "«human»", r#"[distutils]
index-servers = internal

[internal]
repository = https://pypi.«host»/
username = «user»
password = «V»
"#),
    form("tool-file", "pip-conf", "pip.conf", "«A:18»", r#"[global]
index-url = https://«user»:«V»@pypi.«host»/simple
"#),
    form("tool-file", "docker-config", ".docker/config.json", "«A:18»", r#"{
	"auths": {
		"registry.«host»": {
			"auth": "«VBASIC:deploy»"
		}
	}
}
"#),
    form("tool-file", "dockerconfigjson", "k8s/pull.yaml", "«A:18»", r#"apiVersion: v1
kind: Secret
type: kubernetes.io/dockerconfigjson
metadata:
  name: pull
stringData:
  .dockerconfigjson: '{"auths":{"registry.«host»":{"username":"«user»","password":"«V»"}}}'
"#),
    form("tool-file", "kubeconfig-token", "kubeconfig.yaml", "«jwt:k8s»", r#"apiVersion: v1
kind: Config
clusters:
- cluster:
    server: https://«ip»:6443
  name: c
users:
- name: «user»
  user:
    token: «V»
"#),
    form("tool-file", "kubeconfig-key", "home/.kube/config", "«pem:rsa»", r#"apiVersion: v1
kind: Config
users:
- name: admin
  user:
    client-certificate-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t«b64:400»
    client-key-data: «V64»
"#),
    form("tool-file", "kubeconfig-password", "k3s.yaml", "«h:32»", r#"users:
- name: default
  user:
    username: admin
    password: «V»
"#),
    form("tool-file", "htpasswd-apr1", ".htpasswd", "$apr1$«A:8»$«A:22»", r#"«user»:«V»
"#),
    form("tool-file", "htpasswd-bcrypt", "conf/htpasswd", "$2y$10$«A:53»", r#"admin:«V»
«user»:$2y$10$«A:53»
"#),
    form("tool-file", "shadow", "image/etc/shadow", "$6$«A:16»$«A:86»", r#"root:«V»:19000:0:99999:7:::
daemon:*:19000:0:99999:7:::
"#),
    form("tool-file", "maven-settings", "settings.xml", "«human»", r#"<settings>
  <servers>
    <server>
      <id>releases</id>
      <username>«user»</username>
      <password>«VX»</password>
    </server>
  </servers>
</settings>
"#),
    Structured { kind: "tool-file", id: "nuget-config", path: "nuget.config", secret: "«A:18»", wrap: Wrap::Crlf, text: r#"<configuration>
  <packageSourceCredentials>
    <internal>
      <add key="Username" value="«user»" />
      <add key="ClearTextPassword" value="«V»" />
    </internal>
  </packageSourceCredentials>
</configuration>
"# },
    form("tool-file", "composer-auth", "auth.json", "«A:18»", r#"{"http-basic":{"repo.«host»":{"username":"«user»","password":"«V»"}}}"#),
    form("tool-file", "gradle-properties", "home/.gradle/gradle.properties", "«A:18»", r#"signing.keyId=«H:8»
signing.password=«V»
ossrhUsername=«user»
"#),
    form("tool-file", "pgpass", ".pgpass", "«A:18»", r#"«host»:5432:«word»:«user»:«V»
"#),
    form("tool-file", "my-cnf", "home/.my.cnf", "«human»", r#"[client]
user=«user»
password="«V»"
"#),
    form("tool-file", "rclone", "rclone.conf", "«w:40»", r#"[remote]
type = sftp
host = «host»
user = «user»
pass = «V»
"#),
    form("tool-file", "s3cfg", "home/.s3cfg", "«p:40»", r#"[default]
access_key = AKIA«b:16»
secret_key = «V»
"#),
    form("tool-file", "gh-hosts", "home/.config/gh/hosts.yml", "«github:gho»", r#"github.com:
    user: «user»
    oauth_token: «V»
    git_protocol: https
"#),
    form("tool-file", "cargo-credentials", "home/.cargo/credentials.toml", "«A:36»", r#"[registries.internal]
token = "«V»"
"#),
    form("tool-file", "gem-credentials", "home/.gem/credentials", "«h:48»", r#"---
:rubygems_api_key: «V»
"#),
    form("tool-file", "terraformrc", "home/.terraformrc", "«A:14».atlasv1.«w:67»", r#"credentials "app.terraform.io" {
  token = "«V»"
}
"#),
    form("tool-file", "filezilla", "sitemanager.xml", "«A:18»", r#"<Server><Host>«host»</Host><User>«user»</User><Pass encoding="base64">«V64»</Pass></Server>
"#),
    form("tool-file", "wp-salts", "wp-config.php", "«s:64»", r#"<?php
define('AUTH_KEY',         '«V»');
define('NONCE_SALT',       '«s:64»');
"#),
    form("tool-file", "rails-master-key", "config/master.key", "«h:32»", r#"«V»"#),
    form("tool-file", "env-vault", ".env.keys", "«h:64»", r#"#/ private decryption keys
DOTENV_PRIVATE_KEY_PRODUCTION="«V»"
"#),
    form("export", "csv-people", "exports/accounts.csv", "«human»", r#"username,password,role
«user»,«V»,admin
"#),
    Structured { kind: "export", id: "browser-csv", path: "Chrome Passwords.csv", secret: "«human»", wrap: Wrap::Crlf, text: r#"name,url,username,password,note
«host»,https://«host»/login,«user»@«host»,«V»,
"# },
    form("export", "bitwarden", "bitwarden_export.json", "«A:18»", r#"{"encrypted":false,"items":[{"type":1,"name":"«host»","login":{"username":"«user»","password":"«V»","totp":null}}]}"#),
    form("export", "har", "network.har", "«A:48»", r#"{"log":{"entries":[{"request":{"headers":[{"name":"Authorization","value":"Bearer «V»"}]}}]}}"#),
    form("export", "otpauth", "notes/2fa.txt", "«b:32»", r#"otpauth://totp/«Word»:«user»@«host»?secret=«V»&issuer=«Word»
"#),
    form("private-key", "ethereum", "hardhat/.env", "0x«h:64»", r#"RPC_URL=https://«host»
DEPLOYER_PRIVATE_KEY=«V»
"#),
];
