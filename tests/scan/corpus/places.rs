//! Files in which a value can stand: the family for tuning.

use super::{Place, Wrap};

const fn place(id: &'static str, path: &'static str, text: &'static str) -> Place {
    Place { id, path, wrap: Wrap::Plain, text }
}

#[rustfmt::skip]
pub const PLACES: &[Place] = &[
    place("env", "apps/«word»/.env.production", r#"NODE_ENV=production
PORT=«port»
«NU»=«V»
LOG_LEVEL=info
"#),
    place("env-quoted", ".env.local", r#"# copied from the vault
APP_NAME=«word»
«NU»="«V»"
TZ=UTC
"#),
    place("env-export", "ops/env.sh", r#"#!/bin/sh
export PATH="$HOME/bin:$PATH"
export «NU»='«V»'
exec "$@"
"#),
    Place { id: "env-spaces", path: "config/settings.env", wrap: Wrap::Crlf, text: r#"HOST = «host»
«NU» = «V»
DEBUG = 0
"# },
    place("yaml", "config/«word».yml", r#"service:
  name: «word»
  replicas: 3
  «N»: «V»
  region: eu-central-1
"#),
    place("yaml-quoted", "deploy/values.yaml", r#"image:
  repository: registry.«host»/«word»
  tag: "2.14.1"
secrets:
  «NC»: "«V»" # rotate in Q3
ingress:
  enabled: true
"#),
    place("yaml-env-list", "deploy/deployment.yaml", r#"apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      containers:
        - name: «word»
          image: «word»:1.4.2
          env:
            - name: LOG_LEVEL
              value: debug
            - name: «NU»
              value: «V»
          ports:
            - containerPort: 8080
"#),
    place("compose-list", "docker-compose.yml", r#"services:
  «word»:
    image: «word»:latest
    environment:
      - TZ=Europe/Berlin
      - «NU»=«V»
    ports: ["8080:8080"]
"#),
    place("compose-map", "docker-compose.prod.yml", r#"services:
  api:
    environment:
      TZ: UTC
      «NU»: '«V»'
    restart: always
"#),
    place("github-actions", ".github/workflows/release.yml", r#"name: release
on: push
jobs:
  build:
    runs-on: ubuntu-latest
    env:
      CI: true
      «NU»: «V»
    steps:
      - uses: actions/checkout@v4
      - run: make release
"#),
    place("k8s-stringdata", "k8s/secret.yaml", r#"apiVersion: v1
kind: Secret
metadata:
  name: «word»-credentials
type: Opaque
stringData:
  «NK»: «V»
"#),
    place("k8s-data", "k8s/«word»-secret.yaml", r#"apiVersion: v1
kind: Secret
metadata:
  name: «word»
  namespace: prod
type: Opaque
data:
  «NU»: «V64»
"#),
    place("json", "config/«word».json", r#"{
  "name": "«word»",
  "timeout": 30,
  "«NC»": "«VJ»",
  "retries": 3
}
"#),
    place("json-snake", "settings/production.json", r#"{"database": {"host": "«host»", "pool": 12}, "«N»": "«VJ»", "flags": ["a", "b"], "version": "1.2.0"}
"#),
    place("json-long-line", "dump/config.min.json", r#"{"features":{"checkout_v2":true,"search":{"boost":1.25,"fields":["title","body","tags"]}},"hosts":["«host»","«host»","«host»"],"build":{"commit":"«h:40»","number":«n»},"«NC»":"«VJ»","locale":{"default":"en-GB","supported":["en-GB","de-DE","fr-FR","nl-NL"]},"limits":{"rps":«n»,"burst":«n»}}"#),
    place("agent-settings", ".claude/settings.local.json", r#"{
  "permissions": {
    "allow": [
      "Bash(npm run test:*)",
      "Bash(export «NU»=\"«VJJ»\" && ./deploy.sh:*)",
      "Bash(git status:*)"
    ]
  }
}
"#),
    place("agent-env", ".claude/settings.json", r#"{
  "env": {
    "EDITOR": "vim",
    "«NU»": "«VJ»"
  },
  "hooks": {}
}
"#),
    place("mcp", ".mcp.json", r#"{
  "mcpServers": {
    "«word»": {
      "command": "npx",
      "args": ["-y", "@«word»/mcp-server"],
      "env": { "«NU»": "«VJ»" }
    }
  }
}
"#),
    place("toml", "config/default.toml", r#"[server]
host = "0.0.0.0"
port = «port»

[«word»]
«N» = "«VJ»"
timeout = "30s"
"#),
    place("ini", "conf/«word».ini", r#"[default]
region = eu-west-1
«N»=«V»
output = json
"#),
    Place { id: "properties", path: "src/main/resources/application.properties", wrap: Wrap::Crlf, text: r#"spring.application.name=«word»
server.port=«port»
app.«NK»=«V»
logging.level.root=INFO
"# },
    place("spring-yaml", "src/main/resources/application-prod.yml", r#"spring:
  application:
    name: «word»
app:
  client:
    «NK»: «V»
    connect-timeout: 5s
"#),
    place("xml-element", "conf/settings.xml", r#"<?xml version="1.0"?>
<settings>
  <host>«host»</host>
  <«NC»>«VX»</«NC»>
  <retries>3</retries>
</settings>
"#),
    Place { id: "web-config", path: "src/Web/web.config", wrap: Wrap::Crlf, text: r#"<configuration>
  <appSettings>
    <add key="Theme" value="dark" />
    <add key="«NP»" value="«VX»" />
  </appSettings>
</configuration>
"# },
    place("android-strings", "app/src/main/res/values/keys.xml", r#"<resources>
    <string name="app_name">«Word»</string>
    <string name="«N»" translatable="false">«VX»</string>
</resources>
"#),
    place("tfvars", "infra/prod.auto.tfvars", r#"region         = "eu-central-1"
instance_count = 3
«N» = "«VJ»"
"#),
    place("terraform", "infra/main.tf", r#"provider "«word»" {
  endpoint = "https://«host»"
  «N» = "«VJ»"
}

resource "null_resource" "x" {}
"#),
    place("ansible", "group_vars/all.yml", r#"---
ntp_server: «host»
«word»_«N»: "«V»"
packages:
  - curl
  - jq
"#),
    place("python", "app/settings.py", r#"import os

DEBUG = False
«NU» = "«VJ»"
ALLOWED_HOSTS = ["«host»"]
"#),
    place("python-kwarg", "scripts/sync_«word».py", r#"from «word» import Client


def main():
    client = Client(host="«host»", «N»='«V»', timeout=10)
    client.run()
"#),
    place("python-dict", "jobs/load.py", r#"CONFIG = {
    'host': '«host»',
    '«N»': '«V»',
    'port': «port»,
}
"#),
    place("js-const", "src/«word».js", r#"const express = require('express');

const «NC» = '«V»';

module.exports = express();
"#),
    place("ts-object", "src/config.ts", r#"export const config = {
  baseUrl: 'https://«host»',
  «NC»: '«V»',
  timeoutMs: 5_000,
} as const;
"#),
    place("ts-class", "src/app/«word».service.ts", r#"export class «Word»Service {
  private readonly «NC» = "«VJ»";

  constructor(private http: HttpClient) {}
}
"#),
    Place { id: "java", path: "src/main/java/com/acme/«Word»Config.java", wrap: Wrap::Crlf, text: r#"package com.acme;

public class «Word»Config {
    private static final String «NU» = "«VJ»";
    private int retries = 3;
}
"# },
    place("java-setter", "src/main/java/com/acme/Main.java", r#"public class Main {
    public static void main(String[] args) {
        Client c = new Client();
        c.set«NP»("«VJ»");
        c.start();
    }
}
"#),
    place("kotlin", "app/src/main/java/com/acme/Api.kt", r#"object Api {
    const val BASE = "https://«host»"
    const val «NU» = "«VJ»"
}
"#),
    Place { id: "csharp", path: "Services/«Word»Service.cs", wrap: Wrap::Crlf, text: r#"namespace Acme;

public class «Word»Service
{
    private readonly string _«NC» = "«VJ»";
}
"# },
    place("go", "internal/config/config.go", r#"package config

const (
	DefaultPort = «port»
	«NC»  = "«VJ»"
)
"#),
    place("go-struct", "cmd/«word»/main.go", r#"package main

func main() {
	cfg := Config{
		Host: "«host»",
		«NP»: "«VJ»",
	}
	run(cfg)
}
"#),
    place("rust", "src/config.rs", r#"/// Where the service listens.
pub const PORT: u16 = 8080;
const «NU»: &str = "«VJ»";
"#),
    place("ruby", "config/initializers/«word».rb", r#"«Word».configure do |config|
  config.host = '«host»'
  config.«N» = '«V»'
end
"#),
    place("php-define", "wp-config.php", r#"<?php
define( 'DB_NAME', '«word»' );
define( '«NU»', '«V»' );
define( 'WP_DEBUG', false );
"#),
    place("php-array", "config/services.php", r#"<?php

return [
    'endpoint' => 'https://«host»',
    '«N»' => '«V»',
];
"#),
    place("swift", "Sources/App/Keys.swift", r#"enum Keys {
    static let baseURL = "https://«host»"
    static let «NC» = "«VJ»"
}
"#),
    place("dart", "lib/config.dart", r#"class Config {
  static const String host = '«host»';
  static const String «NC» = '«V»';
}
"#),
    place("shell-flag", "scripts/deploy.sh", r#"#!/usr/bin/env bash
set -euo pipefail
./bin/«word» login --region eu --«NK»=«V» --yes
./bin/«word» deploy
"#),
    place("dockerfile", "Dockerfile", r#"FROM node:22-alpine
WORKDIR /app
ENV NODE_ENV=production
ENV «NU»=«V»
COPY . .
CMD ["node", "server.js"]
"#),
    place("jenkinsfile", "Jenkinsfile", r#"pipeline {
  agent any
  environment {
    STAGE = 'prod'
    «NU» = '«V»'
  }
  stages { stage('build') { steps { sh 'make' } } }
}
"#),
    place("notebook", "notebooks/explore.ipynb", r#"{
 "cells": [
  {
   "cell_type": "code",
   "source": [
    "import pandas as pd\n",
    "«N» = \"«VJJ»\"\n",
    "df = pd.read_csv('data.csv')\n"
   ]
  }
 ],
 "nbformat": 4
}
"#),
    place("comment", "src/jobs/«word».ts", r#"// TODO remove before release: «NC» = "«VJ»"
export function run(): void {
  start();
}
"#),
    place("markdown", "docs/runbook.md", r#"# «Word» runbook

1. Log in to https://«host»
2. Set the variable:

       export «NU»=«V»

3. Restart the service.
"#),
    Place { id: "utf16le", path: "installer/«word».ps1", wrap: Wrap::Utf16Le, text: r#"$ErrorActionPreference = 'Stop'
$«NC» = "«V»"
Invoke-Deploy -Target «host»
"# },
    Place { id: "utf16be", path: "legacy/«word».reg.txt", wrap: Wrap::Utf16Be, text: r#"[Settings]
host=«host»
«N»=«V»
"# },
    place("sql", "db/seed_settings.sql", r#"BEGIN;
INSERT INTO settings (key, value) VALUES ('theme', 'dark');
INSERT INTO settings (key, value) VALUES ('«N»', '«V»');
COMMIT;
"#),
    place("log-assignment", "logs/startup.log", r#"«date»T06:12:44.120Z INFO  boot profile=prod
«date»T06:12:44.391Z DEBUG loaded config {host=«host», «NC»=«V», retries=3}
«date»T06:12:45.002Z INFO  ready
"#),
    place("bearer-curl", "docs/api.md", r#"Try it:

```sh
curl -s -H "Authorization: Bearer «V»" https://api.«host»/v1/items | jq .
```
"#),
    place("log-bare", "var/agent.log", r#"«date» 11:02:13 [debug] request to «host» with credentials «V» took 182ms
«date» 11:02:14 [debug] done
"#),
    place("csv-bare", "exports/tokens.csv", r#"id,owner,value,created
1,«user»,«V»,«date»
2,«user»,,«date»
"#),
    place("xml-no-hint", "data/pref.xml", r#"<map><string name="v">«VX»</string><int name="n" value="3"/></map>"#),
    place("list-in-code", "tools/check.py", r#"CANDIDATES = [
    "«VJ»",
]
for c in CANDIDATES:
    print(len(c))
"#),
    place("escaped-json-body", "logs/http.ndjson", r#"{"ts":"«date»","body":"{\"x\":1,\"v\":\"«VJJ»\",\"ok\":true}"}
"#),
    place("query-string", "notes/links.txt", r#"https://api.«host»/v2/items?limit=20&key=«VU»&page=2
"#),
    place("chat-note", "notes/handover.txt", r#"Hi,
as discussed the one for prod is «V» and it expires in March.
Bye
"#),
    place("diff", "patches/0001-fix.patch", r#"--- a/config
+++ b/config
@@ -1,3 +1,3 @@
-«word» = none
+«word» = «V»
 end
"#),
];
