//! Credentials known by what stands around them: URLs, connection strings, headers, commands.

use super::{Structured, Wrap};

/// A file in plain UTF-8.
pub(super) const fn form(
    kind: &'static str,
    id: &'static str,
    path: &'static str,
    secret: &'static str,
    text: &'static str,
) -> Structured {
    Structured { kind, id, path, secret, wrap: Wrap::Plain, text }
}

#[rustfmt::skip]
pub const FORMS: &[Structured] = &[
    form("url", "postgres", ".env", "«human»", r#"DATABASE_URL=postgres://«user»:«VU»@«host»:5432/«word»
POOL=4
"#),
    form("url", "postgresql-query", "config/db.json", "«A:18»", r#"{"url": "postgresql://«user»:«V»@db.«host»:5432/«word»?sslmode=require&connect_timeout=5"}
"#),
    form("url", "mysql", "app/config.py", "«human»", r#"SQLALCHEMY_DATABASE_URI = 'mysql+pymysql://«user»:«VU»@«host»/«word»?charset=utf8mb4'
"#),
    form("url", "mongodb-srv", "src/db.ts", "«A:18»", r#"import { MongoClient } from "mongodb";

export const client = new MongoClient("mongodb+srv://«user»:«V»@cluster0.«a:5».mongodb.net/?retryWrites=true&w=majority");
"#),
    form("url", "mongodb-hosts", "deploy/values.yaml", "«A:24»", r#"mongo:
  uri: mongodb://«user»:«V»@m0.«host»:27017,m1.«host»:27017/«word»?replicaSet=rs0
"#),
    form("url", "redis-empty-user", "docker-compose.yml", "«A:24»", r#"services:
  web:
    environment:
      REDIS_URL: redis://:«V»@cache.«host»:6379/0
"#),
    form("url", "rediss", "config/cable.yml", "«A:24»", r#"production:
  adapter: redis
  url: rediss://default:«V»@«host»:6380
"#),
    form("url", "amqp", "internal/queue/queue.go", "«A:18»", r#"package queue

const url = "amqps://«user»:«V»@«host»/«word»"
"#),
    form("url", "https-token", ".git-credentials", "«A:40»", r#"https://«user»:«V»@git.«host»
"#),
    form("url", "https-clone", "scripts/checkout.sh", "«A:24»", r#"#!/bin/sh
git clone https://oauth2:«V»@git.«host»/platform/«word».git
"#),
    form("url", "https-token-as-user", "Makefile", "«h:40»", r#"fetch:
	git pull https://«V»:x-oauth-basic@git.«host»/team/«word».git main
"#),
    form("url", "https-in-git-config", "backup/git/config", "«A:18»", r#"[remote "origin"]
	url = https://«user»:«V»@git.«host»/team/«word».git
	fetch = +refs/heads/*:refs/remotes/origin/*
"#),
    form("url", "ftp", "bin/upload.sh", "«human»", r#"curl -T build.tgz 'ftp://«user»:«VU»@ftp.«host»/releases/'
"#),
    Structured { kind: "url", id: "sftp", path: "conf/backup.conf", secret: "«A:18»", wrap: Wrap::Crlf, text: r#"target=sftp://«user»:«V»@«ip»:22/backups
keep=14
"# },
    form("url", "smtp", ".env.production", "«human»", r#"MAILER_DSN=smtp://«user»%40«host»:«VU»@smtp.«host»:587
"#),
    form("url", "ldap", "config/ldap.yml", "«A:18»", r#"ldap:
  url: ldap://cn=admin:«V»@«host»:389/dc=acme
"#),
    form("url", "clickhouse", "src/main.rs", "«A:18»", r#"fn main() {
    connect("clickhouse://«user»:«V»@«host»:9000/«word»");
}
"#),
    form("url", "kafka-nats", "config/nats.json", "«A:24»", r#"{"servers":["nats://«user»:«V»@«ip»:4222","nats://«ip»:4222"]}"#),
    form("url", "elastic-ip", "filebeat.yml", "«A:24»", r#"output.elasticsearch:
  hosts: ["https://elastic:«V»@«ip»:9200"]
"#),
    form("url", "proxy", "Dockerfile", "«human»", r#"FROM alpine
ENV HTTPS_PROXY=http://«user»:«VU»@proxy.«host»:3128
RUN apk add curl
"#),
    form("url", "sqlserver", "main.go", "«A:18»", r#"db, err := sql.Open("sqlserver", "sqlserver://sa:«V»@«host»:1433?database=«word»")
"#),
    form("url", "go-dsn", "cmd/api/main.go", "«A:18»", r#"package main

var dsn = "«user»:«V»@tcp(«host»:3306)/«word»?parseTime=true"
"#),
    form("url", "jdbc-parameters", "application.properties", "«human»", r#"spring.datasource.url=jdbc:mysql://«host»:3306/«word»?user=«user»&password=«VU»&useSSL=true
"#),
    Structured { kind: "url", id: "jdbc-sqlserver", path: "src/main/resources/db.properties", secret: "«A:18»", wrap: Wrap::Crlf, text: r#"url=jdbc:sqlserver://«host»:1433;databaseName=«word»;user=«user»;password=«V»;encrypt=true
"# },
    form("url", "jdbc-oracle-thin", "conf/context.xml", "«A:18»", r#"<Resource name="jdbc/ora" url="jdbc:oracle:thin:«user»/«V»@//«host»:1521/ORCL"/>
"#),
    form("url", "snowflake", "dbt/run.py", "«A:24»", r#"engine = create_engine('snowflake://«user»:«V»@xy12345.eu-central-1/«word»')
"#),
    form("url", "in-log", "logs/app.log", "«A:18»", r#"«date» 08:00:01,113 ERROR could not connect to postgres://«user»:«V»@«host»:5432/«word»: timeout
"#),
    form("url", "json-escaped-slashes", "config/php.json", "«A:18»", r#"{"dsn":"mysql:\/\/«user»:«V»@«host»:3306\/«word»"}"#),
    Structured { kind: "url", id: "utf16", path: "tools/connect.ps1", secret: "«A:18»", wrap: Wrap::Utf16Le, text: r#"$uri = 'postgres://«user»:«V»@«host»/«word»'
"# },
    form("url", "presigned-sas", "notes/sas.txt", "«b64:32»", r#"https://acmestore.blob.core.windows.net/backups/db.bak?sv=2024-11-04&ss=b&srt=co&sp=rl&se=2027-01-01T00:00:00Z&st=«date»T00:00:00Z&spr=https&sig=«VU»
"#),
    form("connection-string", "storage", "appsettings.json", "«p:86»==", r#"{
  "ConnectionStrings": {
    "Storage": "DefaultEndpointsProtocol=https;AccountName=«word»store;AccountKey=«V»;EndpointSuffix=core.windows.net"
  }
}
"#),
    form("connection-string", "service-bus", "local.settings.json", "«b64:32»", r#"{"Values":{"ServiceBus":"Endpoint=sb://«word».servicebus.windows.net/;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=«V»"}}"#),
    form("connection-string", "iot-hub", "device/main.c", "«b64:32»", r#"static const char *cs = "HostName=«word».azure-devices.net;DeviceId=d7;SharedAccessKey=«V»";
"#),
    Structured { kind: "connection-string", id: "cosmos", path: "src/Startup.cs", secret: "«p:86»==", wrap: Wrap::Crlf, text: r#"var c = new CosmosClient("AccountEndpoint=https://«word».documents.azure.com:443/;AccountKey=«V»;");
"# },
    Structured { kind: "connection-string", id: "ado", path: "Web.config", secret: "«human»", wrap: Wrap::Crlf, text: r#"<add name="Default" connectionString="Server=«host»;Database=«word»;User Id=«user»;Password=«VX»;Encrypt=True" providerName="System.Data.SqlClient" />
"# },
    form("connection-string", "ado-pwd", "appsettings.Staging.json", "«A:18»", r#"{"ConnectionStrings":{"Main":"Data Source=tcp:«host»,1433;Initial Catalog=«word»;uid=«user»;pwd=«V»;"}}"#),
    form("connection-string", "odbc", "etl/load.py", "«A:18»", r#"conn = pyodbc.connect('DRIVER={ODBC Driver 18 for SQL Server};SERVER=«host»;DATABASE=«word»;UID=«user»;PWD=«V»')
"#),
    form("connection-string", "libpq", "worker/main.rb", "«A:18»", r#"PG.connect("host=«host» port=5432 dbname=«word» user=«user» password=«V» sslmode=require")
"#),
    form("connection-string", "npgsql", "docker-compose.override.yml", "«human»", r#"services:
  api:
    environment:
      ConnectionStrings__Default: "Host=«host»;Port=5432;Database=«word»;Username=«user»;Password=«V»"
"#),
    form("connection-string", "redis-net", "config.json", "«A:24»", r#"{"redis":"«host»:6380,password=«V»,ssl=True,abortConnect=False"}"#),
    form("connection-string", "app-insights-event-hub", "function/.env", "«b64:32»", r#"EVENTHUB=Endpoint=sb://«word».servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=«V»;EntityPath=«word»
"#),
    form("header", "basic-curl", "docs/curl.md", "«human»", r#"```
curl -H 'Authorization: Basic «VBASIC:deploy»' https://«host»/api
```
"#),
    form("header", "bearer-http", "api/requests.http", "«A:40»", r#"POST https://«host»/v2/orders
Authorization: Bearer «V»
Content-Type: application/json

{}
"#),
    form("header", "bearer-jwt", "test/fixtures/request.txt", "«jwt:x»", r#"GET /me HTTP/1.1
Host: «host»
Authorization: Bearer «V»

"#),
    form("header", "token", "scripts/issues.sh", "«h:40»", r#"curl -s -H "Authorization: Token «V»" "https://git.«host»/api/v1/repos"
"#),
    form("header", "x-api-key", "client/fetch.js", "«A:32»", r#"fetch('https://«host»/v1', {
  headers: { 'X-Api-Key': '«V»', Accept: 'application/json' },
});
"#),
    form("header", "private-token", "ci/trigger.sh", "«A:24»", r#"curl --request POST --header "PRIVATE-TOKEN: «V»" https://git.«host»/api/v4/projects/7/pipeline
"#),
    form("header", "python-dict", "bots/poll.py", "«A:40»", r#"r = requests.get(URL, headers={'Authorization': f'Bearer «V»', 'Accept': '*/*'})
"#),
    form("command", "curl-u", "Makefile", "«human»", r#"publish:
	curl -u «user»:'«V»' -T dist.tgz https://repo.«host»/upload
"#),
    form("command", "curl-user", "scripts/health.sh", "«A:18»", r#"#!/bin/bash
curl --silent --user "«user»:«V»" https://«host»/health
"#),
    form("command", "mysql-p", "home/.bash_history", "«A:18»", r#"ls -la
mysql -h «host» -u root -p«V» «word»
exit
"#),
    form("command", "mysqldump", "cron/backup.sh", "«human»", r#"mysqldump --user=backup --password='«V»' --all-databases | gzip > /backup/all.sql.gz
"#),
    form("command", "sshpass", "scripts/copy.sh", "«A:18»", r#"sshpass -p '«V»' scp build.tar.gz «user»@«ip»:/srv/
"#),
    form("command", "docker-login", ".circleci/config.yml", "«A:24»", r#"version: 2.1
jobs:
  build:
    steps:
      - run: docker login -u «user» -p «V» registry.«host»
"#),
    form("command", "pgpassword", "bin/restore.sh", "«A:18»", r#"PGPASSWORD='«V»' pg_restore -h «host» -U «user» -d «word» dump.bin
"#),
    Structured { kind: "command", id: "password-flag", path: "scripts/create_user.ps1", secret: "«A:18»", wrap: Wrap::Crlf, text: r#"& $tool user add --name «user» --password=«V» --role admin
"# },
    form("command", "redis-cli", "ops/flush.sh", "«A:24»", r#"redis-cli -h «host» -a «V» FLUSHDB
"#),
    form("command", "openssl-passin", "tls/convert.sh", "«A:18»", r#"openssl pkcs12 -in cert.p12 -out key.pem -nodes -passin pass:«V»
"#),
    form("command", "keytool", "android/sign.sh", "«A:18»", r#"keytool -genkey -keystore release.jks -storepass «V» -alias «word»
"#),
    Structured { kind: "command", id: "net-use", path: "deploy/map.bat", secret: "«A:18»", wrap: Wrap::Crlf, text: r#"net use Z: \\«host»\share /user:ACME\«user» «V» /persistent:no
"# },
    form("command", "agent-allow", ".claude/settings.local.json", "«A:18»", r#"{"permissions":{"allow":["Bash(curl -u «user»:«V» https://«host»/api:*)","Bash(PGPASSWORD=\"«V»\" psql -h «host»:*)"]}}
"#),
    form("sql", "create-user", "db/init.sql", "«human»", r#"CREATE USER «user» WITH PASSWORD '«V»';
GRANT ALL ON DATABASE «word» TO «user»;
"#),
    form("sql", "identified-by", "migrations/002_users.sql", "«A:18»", r#"CREATE USER '«user»'@'%' IDENTIFIED BY '«V»';
FLUSH PRIVILEGES;
"#),
    form("jwt", "plain", "src/auth.test.js", "«jwt:x»", r#"const jwt = '«V»';
"#),
    form("jwt", "supabase", "src/lib/supabase.ts", "«jwt:supabase»", r#"export const supabase = createClient('https://«l:20».supabase.co', '«V»');
"#),
];
