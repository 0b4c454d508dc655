/** What the schemas do not say themselves, in a few words. A test finds what is missing here, and what is said twice. */

export const WORDS: Readonly<Record<string, string>> = {
  "http.tokens.*.secret": "What the bearer brings as `Authorization: Bearer …`.",
  "http.oidc.client_id": "As the provider knows renewd.",
  "http.oidc.proxy": "The proxy to go through, as http://host:port.",
  "targets.reload.timeout": "How long the command may run.",
};

/** What is said before a table, by where the section stands. */
export const INTRODUCTIONS: Readonly<Record<string, string>> = {
  state: "What renewd remembers, tokens sealed.",
  http: "Health, metrics, API and dashboard. Without this section there is none. See [operating.md](operating.md) and [sign-in.md](sign-in.md).",
  issuers: "Who mints tokens, by keys of your choice: `issuers: { flowauth: { type: flowauth, … } }`.",
  "issuers.embedded":
    "renewd's own issuer, which speaks FlowAuth's protocol. Its tokens are asked for as FlowAuth's are.",
  stores: "Where consumers read, by keys of your choice: `stores: { files: { type: file, … } }`.",
  policies:
    "When to renew, by keys of your choice. `default` is that of every token that names no other; it need not be declared.",
  tokens:
    "The tokens to keep alive, by renewd's own key for each. `issuer`, `request` and at least one of `targets` have to be given, here or in `defaults`.",
  "request.flowauth": "What to ask FlowAuth or the embedded issuer for; all three have to be given.",
  "request.http": "See [http-issuer.md](http-issuer.md).",
  targets:
    "Within a token: where it is delivered to, by labels of your choice. `store`, `secret` and `hold` have to be given, here or in `defaults`.",
  defaults:
    "`defaults.token` is merged under every token, `defaults.target` under every target: what stands there itself counts.",
  alerts: "Who is told when something is wrong. See [alerts.md](alerts.md).",
  "alerts.channels": "Whom to tell, by keys of your choice: `channels: { pager: { type: pagerduty, … } }`.",
};
