//! Files in which a value can stand: the family that is held out.

use super::{Place, Wrap};

const fn place(id: &'static str, path: &'static str, text: &'static str) -> Place {
    Place { id, path, wrap: Wrap::Plain, text }
}

#[rustfmt::skip]
pub const PLACES: &[Place] = &[
    place("env-colon-export", "deploy/«word».envrc", r#"source_up
export AWS_REGION=eu-west-1 «NU»=«V» STAGE=prod
"#),
    place("env-comment-behind", ".env.staging", r#"«NU»=«V» # from «user», «date»
CACHE_TTL=300
"#),
    Place { id: "env-commented-out", path: "services/«word»/.env", wrap: Wrap::Crlf, text: r#"APP_ENV=production
#«NU»=«V»
«NU»=
"# },
    place("fish", "home/config.fish", r#"set -gx EDITOR vim
set -gx «NU» «V»
fish_add_path ~/.local/bin
"#),
    Place { id: "powershell", path: "build/Set-Env.ps1", wrap: Wrap::Crlf, text: r#"param([string]$Stage = 'prod')
$env:«NU» = '«V»'
Write-Host "stage $Stage"
"# },
    place("batch", "build/run.cmd", r#"@echo off
set «NU»=«V»
call gradlew.bat assemble
"#),
    place("yaml-flow", "ops/«word».yaml", r#"defaults: &d { retries: 3, timeout: 10s }
«word»: { host: «host», «N»: "«VJ»", <<: *d }
"#),
    place("yaml-folded", "charts/«word»/values-prod.yaml", r#"config:
  «NC»: >-
    «V»
  replicas: 2
"#),
    place("yaml-list-of-pairs", "argocd/app.yaml", r#"spec:
  source:
    helm:
      parameters:
        - name: "image.tag"
          value: "1.9.0"
        - name: "auth.«NC»"
          value: "«VJ»"
"#),
    place("gitlab-ci", ".gitlab-ci.yml", r#"stages: [build, deploy]
variables:
  DOCKER_DRIVER: overlay2
  «NU»: "«V»"
deploy:
  script:
    - make deploy
"#),
    place("compose-inline", "stack.yml", r#"services:
  worker:
    environment: ["TZ=UTC", "«NU»=«VJ»", "MODE=batch"]
"#),
    place("k8s-data-quoted", "manifests/all.yaml", r#"---
kind: ConfigMap
apiVersion: v1
data:
  mode: prod
---
kind: Secret
apiVersion: v1
metadata: { name: «word» }
data:
  «NC»: "«V64»"
"#),
    place("json-no-space", "etc/«word».json", r#"{"«N»":"«VJ»"}"#),
    Place { id: "json-nested-tabs", path: "appsettings.Production.json", wrap: Wrap::Crlf, text: r#"{
	"Logging": { "LogLevel": { "Default": "Warning" } },
	"«Word»": {
		"BaseUrl": "https://«host»",
		"«NP»": "«VJ»"
	}
}
"# },
    place("json-pairs", "tasks/ecs-task.json", r#"{
  "containerDefinitions": [
    {
      "name": "«word»",
      "environment": [
        { "name": "STAGE", "value": "prod" },
        { "name": "«NU»", "value": "«VJ»" }
      ]
    }
  ]
}
"#),
    place("json5", "config/local.json5", r#"{
  // for the demo
  host: '«host»',
  «NC»: '«V»', // «date»
}
"#),
    place("agent-escaped", "settings.local.json", r#"{"permissions":{"allow":["Bash(«NU»=\"«VJJ»\" npm test)","WebFetch(domain:«host»)"]}}
"#),
    place("transcript", "sessions/«uuid».jsonl", r#"{"type":"user","message":{"role":"user","content":"use this: «NU»=«VJ»\nand deploy to staging"}}
{"type":"assistant","message":{"role":"assistant","content":"Done."}}
"#),
    place("vscode", ".vscode/launch.json", r#"{
  // launch
  "configurations": [
    { "type": "node", "env": { "DEBUG": "*", "«NU»": "«VJ»" }, },
  ],
}
"#),
    place("toml-inline", "«word».toml", r#"[tool]
client = { url = "https://«host»", «NK» = "«VJ»" }
verbose = false
"#),
    place("cargo-config", ".cargo/config.toml", r#"[net]
git-fetch-with-cli = true

[env]
«NU» = { value = "«VJ»", force = true }
"#),
    place("properties-colon", "conf/«word».properties", r#"# production
host: «host»
«word».«N» : «V»
retries: 4
"#),
    place("hocon", "conf/application.conf", r#"«word» {
  host = "«host»"
  «NK» = "«VJ»"
  pool { size = 8 }
}
"#),
    place("systemd", "systemd/«word».service", r#"[Service]
Environment="STAGE=prod" "«NU»=«V»"
ExecStart=/usr/bin/«word»
"#),
    place("nginx-lua", "conf/nginx.conf", r#"server {
  listen 443 ssl;
  set $«N» "«VJ»";
  proxy_pass http://«host»;
}
"#),
    place("xml-attribute", "conf/datasource.xml", r#"<datasource jndi="jdbc/«word»" host="«host»" «NC»="«VX»" pool="8"/>
"#),
    Place { id: "spring-bean", path: "src/main/webapp/WEB-INF/beans.xml", wrap: Wrap::Crlf, text: r#"<bean id="client" class="com.acme.Client">
  <property name="url" value="https://«host»"/>
  <property name="«NC»" value="«VX»"/>
</bean>
"# },
    place("plist", "ios/App/Keys.plist", r#"<plist version="1.0">
<dict>
	<key>Stage</key>
	<string>prod</string>
	<key>«NP»</key>
	<string>«VX»</string>
</dict>
</plist>
"#),
    place("terraform-default", "modules/«word»/variables.tf", r#"variable "«N»" {
  type      = string
  sensitive = true
  default   = "«VJ»"
}
"#),
    place("tfstate", "terraform.tfstate", r#"{
  "version": 4,
  "resources": [
    {
      "type": "«word»_client",
      "instances": [ { "attributes": { "id": "«uuid»", "«N»": "«VJ»" } } ]
    }
  ]
}
"#),
    place("python-annotated", "app/core/config.py", r#"from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    host: str = "«host»"
    «N»: str = "«VJ»"
"#),
    place("python-env-default", "app/main.py", r#"import os

«N» = os.environ.get("«NU»", "«VJ»")
run(«N»)
"#),
    place("python-subscript", "manage.py", r#"import os

os.environ["«NU»"] = "«VJ»"
os.environ.setdefault("MODE", "prod")
"#),
    place("js-env-fallback", "server/index.js", r#"const port = process.env.PORT || 3000;
const «NC» = process.env.«NU» || '«V»';
app.listen(port);
"#),
    place("js-template", "web/client.mjs", r#"export default new Client({ url: `https://«host»`, "«NC»": `«V»` });
"#),
    place("js-minified", "public/app.min.js", r#"!function(e,t){"use strict";var n={a:1,b:function(e){return e+1}},r=t.create({baseURL:"https://«host»",«NC»:"«VJ»",timeout:5e3});e.exports=r,n.b(2)}(module,require("axios"));
"#),
    place("java-annotation", "src/main/java/com/acme/Ds.java", r#"@DataSourceDefinition(
    name = "java:app/«word»",
    user = "«user»",
    «NC» = "«VJ»")
class Ds {}
"#),
    place("java-map", "src/main/java/com/acme/Props.java", r#"class Props {
  void fill(Map<String, String> m) {
    m.put("host", "«host»");
    m.put("«NK»", "«VJ»");
  }
}
"#),
    place("gradle", "gradle.properties", r#"org.gradle.jvmargs=-Xmx2g
«word»«NP»=«V»
android.useAndroidX=true
"#),
    place("scala", "src/main/scala/Conf.scala", r#"object Conf {
  val host = "«host»"
  private val «NC»: String = "«VJ»"
}
"#),
    Place { id: "csharp-property", path: "src/Acme/Options.cs", wrap: Wrap::Crlf, text: r#"public sealed record Options
{
    public string Host { get; init; } = "«host»";
    public string «NP» { get; init; } = @"«V»";
}
"# },
    place("go-setenv", "main_test.go", r#"package main

func setup() {
	os.Setenv("MODE", "prod")
	os.Setenv("«NU»", "«VJ»")
}
"#),
    place("go-raw", "pkg/«word»/client.go", r#"package client

var «NC» = `«V»`

var timeout = 10
"#),
    place("rust-builder", "src/client.rs", r#"pub fn client() -> Client {
    Client::builder().host("«host»").«N»("«VJ»").build()
}
"#),
    place("ruby-hash", "lib/«word».rb", r#"CLIENT = Client.new(
  host: "«host»",
  «N»: "«VJ»",
  :retries => 3
)
"#),
    place("elixir", "config/runtime.exs", r#"import Config

config :«word», «Word».Endpoint,
  url: [host: "«host»"],
  «N»: "«VJ»"
"#),
    place("php-property", "src/«Word».php", r#"<?php

class «Word»
{
    private string $«NC» = '«V»';
    public int $retries = 3;
}
"#),
    place("lua", "config.lua", r#"return {
  host = "«host»",
  ["«N»"] = "«VJ»",
}
"#),
    place("r-script", "analysis/load.R", r#"library(httr)
Sys.setenv(«NU» = "«VJ»")
df <- read.csv('x.csv')
"#),
    place("cpp", "firmware/src/secrets.h", r#"#pragma once
#define DEVICE_NAME "«word»"
#define «NU» "«VJ»"
"#),
    place("makefile", "Makefile", r#"STAGE ?= prod
«NU» := «V»

deploy:
	./deploy.sh $(STAGE)
"#),
    place("shell-flag-space", "ci/publish.sh", r#"#!/bin/sh
set -e
«word»ctl push --target «host» --«NK» '«V»' --retries 3
"#),
    place("shell-inline", "bin/backup", r#"#!/bin/bash
«NU»="«V»" STAGE=prod /usr/local/bin/backup --full
"#),
    place("dockerfile-arg", "docker/Dockerfile.build", r#"FROM debian:12
ARG «NU»="«V»"
LABEL maintainer="«user»"
RUN ./configure
"#),
    place("dockerfile-legacy", "Dockerfile.worker", r#"FROM python:3.12
ENV «NU» «V»
RUN pip install -r requirements.txt
"#),
    place("history", "home/.zsh_history", r#": 1758000000:0;cd ~/src/«word»
: 1758000011:0;export «NU»=«V»
: 1758000020:0;make deploy
"#),
    place("helm-set", "notes/deploy.md", r#"Deploy with

```
helm upgrade «word» ./chart --set auth.«NC»=«V» --wait
```
"#),
    place("markdown-table", "docs/access.md", r#"| System | Key | Value |
|---|---|---|
| «word» | `«N»` | `«V»` |
| «word» | url | https://«host» |
"#),
    place("html-hidden", "public/index.html", r#"<form action="/x">
  <input type="hidden" name="«N»" value="«VX»">
  <button>Go</button>
</form>
"#),
    place("notebook-single", "analysis/«word».ipynb", r#"{"cells":[{"cell_type":"code","source":["import os\n","os.environ['«NU»'] = '«VJJ»'\n"],"outputs":[]}],"nbformat":4,"nbformat_minor":5}"#),
    place("several-in-line", "config/targets.txt", r#"name=«word» host=«host» user=«user» «N»=«V» stage=prod; name=«word» host=«host» user=«user»
"#),
    Place { id: "utf16le-ini", path: "windows/«word».ini", wrap: Wrap::Utf16Le, text: r#"[client]
host=«host»
«NP»=«V»
mode=auto
"# },
    Place { id: "utf16be-xml", path: "windows/«word».config", wrap: Wrap::Utf16Be, text: r#"<?xml version="1.0" encoding="utf-16"?>
<appSettings>
<add key="«NP»" value="«VX»"/>
</appSettings>
"# },
    place("insert-columns", "db/dump.sql", r#"INSERT INTO `clients` (`id`,`name`,`«N»`,`active`) VALUES (17,'«word»','«V»',1);
"#),
    place("header-token", "requests/«word».http", r#"GET https://api.«host»/v1/me
Authorization: Bearer «V»
Accept: application/json
"#),
    place("log-quoted", "out/trace.log", r#"[«date»] ERROR upstream refused 'token=«V»' (401)
"#),
    place("tsv-bare", "exports/keys.tsv", r#"«user»	«date»	«V»	active
"#),
    place("code-argument", "lib/run.rb", r#"client = Client.connect("«VJ»", timeout: 3)
client.ping
"#),
    place("escaped-twice", "logs/events.json", r#"[{"e":"{\"a\":\"«VJJ»\"}"}]"#),
    place("url-fragment", "notes/bookmarks.md", r#"* [panel](https://panel.«host»/login?next=%2F&access_token=«VU»)
"#),
    place("yaml-bare-item", "data/list.yaml", r#"items:
  - «V»
  - other
"#),
    place("base64-unnamed-prose", "docs/incident.md", r#"The value `«V»` was found in the bundle on «date» and is still active.
"#),
];
