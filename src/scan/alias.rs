//! Our rules under the names that gitleaks has for the same thing.
//!
//! People's files name rules as gitleaks does: `disabledRules`, `targetRules`, `.gitleaksignore`, a baseline.

/// Our id, and the ids of gitleaks that mean the same or a part of it; sorted by ours.
const ALIASES: [(&str, &[&str]); 81] = [
    ("adafruit-key", &["adafruit-api-key"]),
    ("airtable-token", &["airtable-personnal-access-token", "airtable-api-key"]),
    ("algolia-admin-key", &["algolia-api-key"]),
    ("anthropic-key", &["anthropic-api-key", "anthropic-admin-api-key"]),
    ("artifactory-token", &["artifactory-api-key", "artifactory-reference-token"]),
    ("asana-token", &["asana-client-secret"]),
    ("aws-access-key-id", &["aws-access-token"]),
    ("aws-bedrock-api-key", &["aws-amazon-bedrock-api-key-long-lived"]),
    ("aws-bedrock-short-lived-key", &["aws-amazon-bedrock-api-key-short-lived"]),
    ("azure-client-secret", &["azure-ad-client-secret"]),
    ("beamer-key", &["beamer-api-token"]),
    ("clickup-token", &["clickup-api-token"]),
    ("clojars-token", &["clojars-api-token"]),
    ("cohere-key", &["cohere-api-token"]),
    ("contentful-token", &["contentful-delivery-api-token"]),
    ("curl-user-password", &["curl-auth-user"]),
    ("databricks-token", &["databricks-api-token"]),
    ("datadog-key", &["datadog-access-token"]),
    ("digitalocean-token", &["digitalocean-access-token", "digitalocean-pat", "digitalocean-refresh-token"]),
    ("discord-bot-token", &["discord-api-token"]),
    ("doppler-token", &["doppler-api-token"]),
    ("duffel-token", &["duffel-api-token"]),
    ("dynatrace-token", &["dynatrace-api-token"]),
    ("easypost-key", &["easypost-api-token", "easypost-test-api-token"]),
    ("facebook-token", &["facebook-access-token", "facebook-page-access-token"]),
    ("frameio-token", &["frameio-api-token"]),
    ("generic-password", &["generic-api-key"]),
    ("generic-secret", &["generic-api-key"]),
    ("generic-token", &["generic-api-key"]),
    ("github-app-token", &["github-app-token", "github-oauth", "github-refresh-token"]),
    (
        "gitlab-token",
        &[
            "gitlab-pat",
            "gitlab-ptt",
            "gitlab-rrt",
            "gitlab-cicd-job-token",
            "gitlab-deploy-token",
            "gitlab-feature-flag-client-token",
            "gitlab-feed-token",
            "gitlab-incoming-mail-token",
            "gitlab-kubernetes-agent-token",
            "gitlab-oauth-app-secret",
            "gitlab-runner-authentication-token",
            "gitlab-scim-token",
            "gitlab-pat-routable",
        ],
    ),
    ("grafana-token", &["grafana-api-key", "grafana-cloud-api-token", "grafana-service-account-token"]),
    ("harness-token", &["harness-api-key"]),
    ("heroku-api-key", &["heroku-api-key-v2", "heroku-api-key"]),
    ("hubspot-token", &["hubspot-api-key"]),
    ("huggingface-token", &["huggingface-access-token", "huggingface-organization-api-token"]),
    ("infracost-key", &["infracost-api-token"]),
    ("intercom-token", &["intercom-api-key"]),
    ("json-web-token", &["jwt", "jwt-base64"]),
    ("linear-key", &["linear-api-key"]),
    ("mailchimp-key", &["mailchimp-api-key"]),
    ("mailgun-key", &["mailgun-private-api-token"]),
    ("mapbox-secret-token", &["mapbox-api-token"]),
    ("newrelic-key", &["new-relic-user-api-key", "new-relic-insert-key"]),
    ("notion-token", &["notion-api-token"]),
    ("npm-token", &["npm-access-token"]),
    ("okta-token", &["okta-access-token"]),
    ("onepassword-token", &["1password-service-account-token", "1password-secret-key"]),
    ("openai-key", &["openai-api-key"]),
    ("openai-project-key", &["openai-api-key"]),
    ("openshift-token", &["openshift-user-token"]),
    ("perplexity-key", &["perplexity-api-key"]),
    ("plaid-token", &["plaid-api-token"]),
    ("planetscale-token", &["planetscale-api-token", "planetscale-password", "planetscale-oauth-token"]),
    ("postman-key", &["postman-api-token"]),
    ("prefect-key", &["prefect-api-token"]),
    ("pulumi-token", &["pulumi-api-token"]),
    ("pypi-token", &["pypi-upload-token"]),
    ("readme-key", &["readme-api-token"]),
    ("rubygems-key", &["rubygems-api-token"]),
    ("scalingo-token", &["scalingo-api-token"]),
    ("sendgrid-key", &["sendgrid-api-token"]),
    ("sendinblue-key", &["sendinblue-api-token"]),
    ("sentry-token", &["sentry-org-token", "sentry-user-token"]),
    ("shippo-token", &["shippo-api-token"]),
    (
        "shopify-token",
        &[
            "shopify-access-token",
            "shopify-custom-access-token",
            "shopify-private-app-access-token",
            "shopify-shared-secret",
        ],
    ),
    (
        "slack-token",
        &[
            "slack-bot-token",
            "slack-user-token",
            "slack-legacy-bot-token",
            "slack-legacy-token",
            "slack-legacy-workspace-token",
            "slack-config-access-token",
            "slack-config-refresh-token",
        ],
    ),
    ("slack-webhook", &["slack-webhook-url"]),
    ("snyk-token", &["snyk-api-token"]),
    ("sonar-token", &["sonar-api-token"]),
    ("sourcegraph-token", &["sourcegraph-access-token"]),
    ("square-token", &["square-access-token"]),
    ("stripe-key", &["stripe-access-token"]),
    ("teams-webhook", &["microsoft-teams-webhook"]),
    ("telegram-bot-token", &["telegram-bot-api-token"]),
    ("terraform-cloud-token", &["hashicorp-tf-api-token"]),
    ("twilio-key", &["twilio-api-key"]),
    ("typeform-token", &["typeform-api-token"]),
    ("vault-legacy-token", &["vault-service-token"]),
    ("vault-token", &["vault-service-token", "vault-batch-token"]),
    ("yandex-token", &["yandex-access-token", "yandex-api-key"]),
];

/// The ids that gitleaks has for our rule `ours`. None: there the names are the same, or it has no such rule.
#[must_use]
pub fn alias(ours: &str) -> &'static [&'static str] {
    ALIASES.binary_search_by_key(&ours, |(id, _)| id).map_or(&[], |at| ALIASES[at].1)
}

/// Whether `name` means our rule `ours`.
#[must_use]
pub fn means(name: &str, ours: &str) -> bool {
    name == ours || alias(ours).contains(&name)
}

/// Whether `name` means a built-in rule that stands in the table.
#[must_use]
pub fn known(name: &str) -> bool {
    ALIASES.iter().any(|(ours, theirs)| *ours == name || theirs.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_so_that_each_rule_is_found() {
        assert!(ALIASES.windows(2).all(|w| w[0].0 < w[1].0));
        assert!(means("aws-access-token", "aws-access-key-id"));
        assert!(means("own", "own") && !means("own", "other"));
        assert!(known("aws-access-token") && !known("own"));
    }
}
