//! Credentials known by what stands around them: the family that is held out.

use super::structured::form;
use super::{Structured, Wrap};

#[rustfmt::skip]
pub const FORMS: &[Structured] = &[
    form("url", "postgres-python", "app/db.py", "«A:18»", r#"engine = create_engine(
    "postgresql+asyncpg://«user»:«V»@«host»:5432/«word»",
    pool_size=5,
)
"#),
    Structured { kind: "url", id: "mysql-yaml", path: "config/database.yml", secret: "«human»", wrap: Wrap::Crlf, text: r#"production:
  url: "mysql2://«user»:«VU»@«host»:3306/«word»"
  pool: 5
"# },
    form("url", "mongo-java", "src/main/resources/application.yml", "«A:18»", r#"spring:
  data:
    mongodb:
      uri: mongodb://«user»:«V»@«ip»:27017/«word»?authSource=admin
"#),
    form("url", "redis-ruby", "config/sidekiq.rb", "«A:24»", r#"Sidekiq.configure_server { |c| c.redis = { url: 'redis://:«V»@«ip»:6379/2' } }
"#),
    form("url", "amqp-properties", "rabbit.properties", "«A:18»", r#"rabbit.uri = amqp://«user»:«V»@«host»:5672/%2f
"#),
    form("url", "git-remote-log", "ci/output.txt", "«A:30»", r#"Cloning into '«word»'...
fatal: unable to access 'https://ci-bot:«V»@git.«host»/x/«word».git/': 503
"#),
    form("url", "git-config-insteadof", "etc/gitconfig", "«A:40»", r#"[url "https://build:«V»@git.«host»/"]
	insteadOf = https://git.«host»/
"#),
    form("url", "package-json", "package.json", "«A:32»", r#"{
  "dependencies": {
    "@acme/«word»": "git+https://«V»:x-oauth-basic@git.«host»/acme/«word».git#v1.2.0"
  }
}
"#),
    form("url", "requirements", "requirements.txt", "«A:28»", r#"requests==2.32.0
--extra-index-url https://__token__:«V»@pypi.«host»/simple/
"#),
    form("url", "gemfile", "Gemfile", "«A:18»", r#"source 'https://«user»:«V»@gems.«host»/' do
  gem '«word»'
end
"#),
    form("url", "goproxy", "Dockerfile.build", "«A:18»", r#"FROM golang:1.26
ENV GOPROXY=https://«user»:«V»@goproxy.«host»,direct
"#),
    form("url", "smtps-toml", "mail.toml", "«human»", r#"[mail]
dsn = "smtps://«user»:«VU»@«host»:465"
"#),
    form("url", "rtsp", "cameras.yml", "«A:18»", r#"cameras:
  - name: gate
    stream: rtsp://admin:«V»@«ip»:554/h264
"#),
    form("url", "mqtt", "esp/config.json", "«A:18»", r#"{"broker":"mqtt://«user»:«V»@«ip»:1883","topic":"a/b"}"#),
    form("url", "socks", "scripts/proxy.py", "«A:18»", r#"PROXIES = {"https": "socks5h://«user»:«V»@«ip»:1080"}
"#),
    form("url", "jdbc-postgres", "flyway.conf", "«human»", r#"flyway.url=jdbc:postgresql://«host»:5432/«word»?user=«user»&password=«VU»
"#),
    form("url", "jdbc-user-info", "Conn.java", "«A:18»", r#"Connection c = DriverManager.getConnection("jdbc:mariadb://«user»:«V»@«host»:3306/«word»");
"#),
    form("url", "neo4j-driver", "graph/load.ts", "«A:18»", r#"const driver = neo4j.driver('bolt://«user»:«V»@«host»:7687');
"#),
    form("url", "couchdb-notebook", "nb/couch.ipynb", "«A:18»", r#"{"cells":[{"cell_type":"code","source":["db = connect(\"https://«user»:«V»@couch.«host»:6984/«word»\")\n"]}]}"#),
    form("url", "two-in-one-line", ".env.multi", "«A:18»", r#"BROKERS="kafka://«ip»:9092,postgres://«user»:«V»@«host»/«word»,redis://«ip»:6379"
"#),
    form("url", "s3-presigned-minio", "mc/config.json", "«A:40»", r#"{"aliases":{"m":{"url":"https://«host»","accessKey":"«U:20»","secretKey":"«V»","api":"s3v4"}}}"#),
    form("url", "mc-host", "ci/env.sh", "«A:32»", r#"export MC_HOST_store=https://«U:20»:«V»@s3.«host»
"#),
    form("url", "sas-queue", "Function.cs", "«b64:32»", r#"var u = new Uri("https://«word».queue.core.windows.net/q?sv=2023-01-03&st=2026-01-01&se=2027-01-01&sr=q&sp=raup&sig=«VU»");
"#),
    form("connection-string", "storage-env", "func/.env", "«p:86»==", r#"AzureWebJobsStorage="DefaultEndpointsProtocol=https;AccountName=«a:12»;AccountKey=«V»;EndpointSuffix=core.windows.net"
"#),
    form("connection-string", "file-share", "mount.sh", "«p:86»==", r#"mount -t cifs //«word».file.core.windows.net/s /mnt -o username=«word»,password=«V»,vers=3.0
"#),
    form("connection-string", "relay-yaml", "k8s/relay.yaml", "«b64:32»", r#"stringData:
  relay: Endpoint=sb://«word».servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey=«V»
"#),
    form("connection-string", "app-config", "src/config.py", "«b64:32»", r#"CONN = "Endpoint=https://«word».azconfig.io;Id=«A:4»-l9-s0:«A:20»;Secret=«V»"
"#),
    form("connection-string", "signalr", "appsettings.json", "«b64:32»", r#"{"Azure":{"SignalR":{"ConnectionString":"Endpoint=https://«word».service.signalr.net;AccessKey=«V»;Version=1.0;"}}}"#),
    Structured { kind: "connection-string", id: "sql-trusted-no", path: "db.ps1", secret: "«A:18»", wrap: Wrap::Utf16Le, text: r#"$cs = 'Server=«host»;Initial Catalog=«word»;Persist Security Info=False;User ID=«user»;Password=«V»;MultipleActiveResultSets=False'
"# },
    Structured { kind: "connection-string", id: "mysql-net", path: "App.config", secret: "«human»", wrap: Wrap::Crlf, text: r#"<add name="m" connectionString="server=«host»;port=3306;uid=«user»;pwd=«VX»;database=«word»"/>
"# },
    form("connection-string", "oledb", "Module1.vb", "«A:18»", r#"cn.Open "Provider=SQLOLEDB;Data Source=«host»;User ID=«user»;Password=«V»;"
"#),
    form("connection-string", "libpq-go", "store/db.go", "«A:18»", r#"const dsn = "host=«ip» user=«user» password=«V» dbname=«word» port=5432 sslmode=disable TimeZone=UTC"
"#),
    form("connection-string", "pdo", "public/db.php", "«A:18»", r#"<?php
$pdo = new PDO('mysql:host=«host»;dbname=«word»', '«user»', '«V»');
"#),
    form("header", "bearer-fetch", "src/api.tsx", "«A:44»", r#"headers: {
  Authorization: "Bearer «V»",
},
"#),
    form("header", "bearer-okhttp", "Api.kt", "«A:44»", r#"val r = Request.Builder().addHeader("Authorization", "Bearer «V»").build()
"#),
    form("header", "basic-insomnia", "insomnia.json", "«human»", r#"{"headers":[{"name":"Authorization","value":"Basic «VBASIC:svc»"}]}"#),
    form("header", "x-auth-token", "probe.yaml", "«A:32»", r#"httpGet:
  httpHeaders:
    - name: X-Auth-Token
      value: «V»
"#),
    form("header", "api-key-wget", "get.sh", "«A:32»", r#"wget --header='x-api-key: «V»' https://«host»/v1/dump
"#),
    form("header", "cookie", "scrape.py", "«A:40»", r#"COOKIES = {'session_token': '«V»', 'lang': 'en'}
"#),
    form("header", "postman", "collection.json", "«A:40»", r#"{"auth":{"type":"bearer","bearer":[{"key":"token","value":"«V»","type":"string"}]}}"#),
    form("command", "curl-u-quotes", "deploy.yml", "«human»", r#"steps:
  - run: curl -fsS -u "«user»:«V»" -X POST https://«host»/job/build
"#),
    form("command", "wget-password", "fetch.sh", "«A:18»", r#"wget --user=«user» --password='«V»' https://«host»/f.tgz
"#),
    form("command", "mysql-password-history", "home/.history", "«A:18»", r#"cd /srv
mysqladmin -uroot -p«V» status
"#),
    form("command", "mongo-shell", "runbook.md", "«A:18»", r#"```
mongosh --host «host» -u «user» -p '«V»' --authenticationDatabase admin
```
"#),
    form("command", "helm-registry", "release.yml", "«A:24»", r#"- run: helm registry login registry.«host» --username «user» --password «V»
"#),
    form("command", "docker-stdin", "push.sh", "«A:24»", r#"echo '«V»' | docker login --username «user» --password-stdin registry.«host»
"#),
    form("command", "kubectl-secret", "setup.md", "«A:18»", r#"kubectl create secret generic db --from-literal=username=«user» --from-literal=password='«V»'
"#),
    form("command", "az-login", "login.sh", "«A:3»8Q~«w:34»", r#"az login --service-principal -u «uuid» -p «V» --tenant «uuid»
"#),
    form("command", "smbclient", "share.sh", "«A:18»", r#"smbclient //«host»/data -U '«user»%«V»' -c 'ls'
"#),
    form("command", "ldapsearch", "ldap.md", "«A:18»", r#"    ldapsearch -x -H ldap://«host» -D cn=admin,dc=acme -w «V» uid=jo
"#),
    Structured { kind: "command", id: "zip-7z", path: "pack.bat", secret: "«A:18»", wrap: Wrap::Crlf, text: r#"7z a -p«V» -mhe=on out.7z data\
"# },
    form("command", "chpasswd", "setup/cloud-init.yaml", "«A:18»", r#"#cloud-config
chpasswd:
  list: |
    «user»:«V»
runcmd:
  - echo "root:«V»" | chpasswd
"#),
    Structured { kind: "command", id: "set-password", path: "ad.ps1", secret: "«A:18»", wrap: Wrap::Crlf, text: r#"$sec = ConvertTo-SecureString '«V»' -AsPlainText -Force
"# },
    form("sql", "alter-user", "fix.sql", "«A:18»", r#"ALTER USER postgres PASSWORD '«V»';
"#),
    Structured { kind: "sql", id: "create-login", path: "mssql.sql", secret: "«human»", wrap: Wrap::Utf16Le, text: r#"CREATE LOGIN «user» WITH PASSWORD = N'«V»', CHECK_POLICY = OFF;
"# },
    form("jwt", "query", "links.md", "«jwt:x»", r#"[open](https://«host»/view?token=«V»)
"#),
    form("jwt", "yaml", "fixtures/session.yml", "«jwt:x»", r#"session:
  id: 12
  jwt: «V»
"#),
    form("jwt", "supabase-env", "web/.env", "«jwt:supabase»", r#"SUPABASE_URL=https://«l:20».supabase.co
SUPABASE_SERVICE_ROLE_KEY=«V»
"#),
    Structured { kind: "private-key", id: "rsa-other-file", path: "ssl/www.key", secret: "«pem:rsa»", wrap: Wrap::Crlf, text: r#"«V»"# },
    Structured { kind: "private-key", id: "pkcs8-other-file", path: "jwt/private_key.pem", secret: "«pem:pkcs8»", wrap: Wrap::Plain, text: r#"«V»"# },
    Structured { kind: "private-key", id: "openssh-other-file", path: ".ssh/id_ed25519", secret: "«pem:openssh»", wrap: Wrap::Plain, text: r#"«V»"# },
    Structured { kind: "private-key", id: "pgp-other-file", path: "gpg/backup-key.asc", secret: "«pem:pgp»", wrap: Wrap::Plain, text: r#"«V»"# },
    Structured { kind: "private-key", id: "encrypted-other-file", path: "ca/ca.key", secret: "«pem:encrypted»", wrap: Wrap::Plain, text: r#"«V»"# },
    Structured { kind: "private-key", id: "ec-other-file", path: "apns/AuthKey.p8", secret: "«pem:ec»", wrap: Wrap::Plain, text: r#"«V»"# },
    form("private-key", "with-certificate", "haproxy/site.pem", "«pem:pkcs8»", r#"-----BEGIN CERTIFICATE-----
«b64lines:700»
-----END CERTIFICATE-----
«V»"#),
    form("private-key", "python-triple", "sign.py", "«pem:rsa»", r#"KEY = """«V»"""

sign(KEY)
"#),
    form("private-key", "java-concat", "Keys.java", "«pem:pkcs8»", r#"String k = "«VJ»";
"#),
    form("private-key", "json-twice", "events/secret.json", "«pem:ec»", r#"{"payload":"{\"key\":\"«VJJ»\"}"}"#),
    form("private-key", "yaml-quoted", "values/tls.yaml", "«pem:rsa»", r#"tls:
  key: "«VJ»"
"#),
    form("private-key", "compose-indented", "stack/secrets.yml", "«pem:ec»", r#"configs:
  key:
    content: |
      «VI:6»
"#),
    form("private-key", "ruby-heredoc", "lib/key.rb", "«pem:rsa»", r#"KEY = <<~PEM
  «VI:2»
PEM
"#),
    form("private-key", "shell-heredoc", "install.sh", "«pem:openssh»", r#"cat > ~/.ssh/id <<'EOF'
«V»EOF
chmod 600 ~/.ssh/id
"#),
    form("private-key", "xml", "saml/sp.xml", "«pem:pkcs8»", r#"<sp><privateKey>
«V»</privateKey></sp>
"#),
    form("private-key", "comment-in-code", "old.c", "«pem:ec»", r#"/*
 * «VI:1»
 */
int main(void) { return 0; }
"#),
    form("private-key", "base64-yaml", "ci/vars.yml", "«pem:openssh»", r#"variables:
  SSH_KEY_B64: «V64»
"#),
    Structured { kind: "private-key", id: "utf16be", path: "export/key.txt", secret: "«pem:rsa»", wrap: Wrap::Utf16Be, text: r#"«V»"# },
    form("private-key", "putty2", "host.ppk", "«b64lines:600»", r#"PuTTY-User-Key-File-2: ssh-rsa
Encryption: none
Comment: rsa-key
Public-Lines: 1
AAAAB3NzaC1yc2E«p:49»
Private-Lines: 13
«V»
Private-MAC: «h:40»
"#),
    form("private-key", "jwk-set", "jwks.private.json", "«b64u:256»", r#"{"keys":[{"kty":"RSA","use":"sig","kid":"1","n":"«b64u:256»","e":"AQAB","d":"«V»","p":"«b64u:128»","q":"«b64u:128»"}]}"#),
    form("private-key", "wireguard-yaml", "vpn.yml", "«b64:32»", r#"wireguard:
  private_key: «V»
  peers:
    - public_key: «b64:32»
"#),
    form("private-key", "ethereum-json", "deploy.json", "0x«h:64»", r#"{"network":"mainnet","deployer":{"address":"0x«h:40»","privateKey":"«V»"}}"#),
    form("service-account", "gcp-min", "sa.json", "«pem:pkcs8»", r#"{"type":"service_account","project_id":"«word»","private_key_id":"«h:40»","private_key":"«VJ»","client_email":"x@«word».iam.gserviceaccount.com"}"#),
    form("service-account", "firebase-ts", "functions/src/admin.ts", "«pem:pkcs8»", r#"initializeApp({ credential: cert({ projectId: "«word»", clientEmail: "f@«word».iam.gserviceaccount.com", privateKey: "«VJ»" }) });
"#),
    form("aws", "pair-yaml", "conf/s3.yml", "«p:40»", r#"s3:
  key: AKIA«b:16»
  secret: «V»
  bucket: «word»
"#),
    form("aws", "pair-terraform", "provider.tf", "«p:40»", r#"provider "aws" {
  region     = "us-west-2"
  access_key = "AKIA«b:16»"
  secret_key = "«V»"
}
"#),
    form("aws", "pair-shell", "deploy.sh", "«p:40»", r#"AWS_ACCESS_KEY_ID=AKIA«b:16» AWS_SECRET_ACCESS_KEY=«V» aws s3 sync . s3://«word»
"#),
    form("aws", "pair-java", "S3.java", "«p:40»", r#"new BasicAWSCredentials("AKIA«b:16»", "«V»");
"#),
    form("aws", "configure-set", "runbook.txt", "«p:40»", r#"aws configure set aws_access_key_id AKIA«b:16»
aws configure set aws_secret_access_key «V»
"#),
    Structured { kind: "tool-file", id: "netrc-windows", path: "_netrc", secret: "«A:18»", wrap: Wrap::Crlf, text: r#"machine git.«host» login «user» password «V»
"# },
    form("tool-file", "npmrc-scoped", "apps/web/.npmrc", "«A:40»", r#"@acme:registry=https://npm.«host»/
//npm.«host»/npm/:_authToken="«V»"
"#),
    form("tool-file", "pypirc-token", "ci/pypirc", "«A:40»", r#"[internal]
repository: https://pypi.«host»/
username: __token__
password: «V»
"#),
    form("tool-file", "docker-config-one-line", "ci/docker.json", "«A:18»", r#"{"auths":{"https://registry.«host»/v2/":{"auth":"«VBASIC:robot»","email":"a@«host»"}}}"#),
    form("tool-file", "kubeconfig-json", "kube.json", "«A:43»", r#"{"kind":"Config","users":[{"name":"«user»","user":{"token":"«V»"}}]}"#),
    form("tool-file", "htpasswd-sha", "nginx/.htpasswd", "{SHA}«b64:20»", r#"«user»:«V»
"#),
    form("tool-file", "maven-proxy", "ci/maven.xml", "«A:18»", r#"<proxy><id>p</id><host>«host»</host><username>«user»</username><password>«V»</password></proxy>
"#),
    form("tool-file", "tomcat-users", "conf/tomcat-users.xml", "«A:18»", r#"<tomcat-users>
  <user username="«user»" password="«V»" roles="manager-gui"/>
</tomcat-users>
"#),
    form("tool-file", "poetry-auth", "home/.config/pypoetry/auth.toml", "«A:18»", r#"[http-basic.internal]
username = "«user»"
password = "«V»"
"#),
    form("tool-file", "bundle-config", ".bundle/config", "«A:18»", r#"---
BUNDLE_GEMS__«U:4»__IO: "«user»:«V»"
"#),
    form("tool-file", "wpa", "etc/wpa_supplicant.conf", "«A:18»", r#"network={
  ssid="«word»"
  psk="«V»"
}
"#),
    form("tool-file", "msmtp", "home/.msmtprc", "«A:18»", r#"account work
host smtp.«host»
user «user»
password «V»
"#),
    Structured { kind: "tool-file", id: "odbc-ini", path: "etc/odbc.ini", secret: "«A:18»", wrap: Wrap::Crlf, text: r#"[«word»]
Driver=PostgreSQL
Servername=«host»
Username=«user»
Password=«V»
"# },
    form("tool-file", "sbt-credentials", "home/.sbt/.credentials", "«A:18»", r#"realm=Nexus
host=«host»
user=«user»
password=«V»
"#),
    form("tool-file", "dbt-profiles", "profiles.yml", "«human»", r#"«word»:
  outputs:
    prod:
      type: postgres
      user: «user»
      password: "«V»"
"#),
    form("tool-file", "airflow-conn", "airflow/connections.json", "«A:18»", r#"{"warehouse":{"conn_type":"postgres","host":"«host»","login":"«user»","password":"«V»","port":5432}}"#),
    form("tool-file", "ftp-sync", "sftp.json", "«A:18»", r#"{
  "host": "«host»",
  "username": "«user»",
  "password": "«V»",
  "uploadOnSave": true
}
"#),
    form("tool-file", "git-credentials-two", "home/.git-credentials", "«A:40»", r#"https://bot:«V»@git.«host»
https://x@git.«host»
"#),
    form("tool-file", "laravel-key", ".env.laravel", "base64:«b64:32»", r#"APP_NAME=Laravel
APP_KEY=«V»
APP_DEBUG=false
"#),
    form("export", "csv-quoted", "hr/users.csv", "«human»", r#""user","email","password"
"«user»","a@«host»","«V»"
"#),
    form("export", "lastpass", "lastpass_export.csv", "«A:18»", r#"url,username,password,totp,extra,name,grouping,fav
https://«host»,«user»,«V»,,,«word»,,0
"#),
    form("export", "keepass-xml", "keepass.xml", "«A:18»", r#"<Entry><String><Key>UserName</Key><Value>«user»</Value></String><String><Key>Password</Key><Value ProtectInMemory="True">«V»</Value></String></Entry>
"#),
    form("export", "heroku-config", "heroku.txt", "«A:32»", r#"=== «word» Config Vars
PORT:         5000
API_SECRET:   «V»
"#),
    form("export", "chat-pair", "notes/access.txt", "«A:18»", r#"VPN gate: «host»
user: «user»
password: «V»
"#),
];
