/** What the schemas leave to the READMEs of the adapters, in a few words. A test finds what is missing here, and what is said twice. */

const CONNECTION = {
  ca: "PEM of a private authority, trusted besides the usual ones.",
  proxy: "The proxy to go through, as http://host:port.",
  timeout: "For one whole call.",
  max_response: "The largest answer that is read.",
} as const;

const JWT_ALGORITHM = "How it is signed.";

function below(at: string, words: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(words).map(([key, text]) => [`${at}.${key}`, text]));
}

export const WORDS: Readonly<Record<string, string>> = {
  "http.tokens.*.secret": "What the bearer brings as `Authorization: Bearer …`.",
  "http.oidc.client_id": "As the provider knows renewd.",
  "http.oidc.proxy": CONNECTION.proxy,
  "stores.aws-secrets-manager.region": "Where the secrets are.",
  "targets.reload.timeout": "How long the command may run.",

  ...below("issuers.flowauth", {
    ...CONNECTION,
    url: "Where FlowAuth lives. A path is allowed, a user or a query is not.",
    username: "The service user that renewd signs in as; the tokens are its own.",
    password: "Its password.",
    totp: "The base32 secret of its two-factor authentication, where it has one.",
    public_keys: "PEM, or base64 of PEM, as FlowAPI's `PUBLIC_JWT_SIGNING_KEY`. Several while one replaces another.",
  }),
  ...below("issuers.embedded", {
    listen: "Where it is served; on this machine only.",
    db: "Its own database. Keys and the generated password are put beside it.",
    username: "The user that renewd signs in as; its password is generated.",
    seed: "What it knows at its first start.",
    "seed.servers": "What tokens are for.",
    "seed.servers[].name": "As requests name it.",
    "seed.servers[].max_life": "The longest life of its tokens; a request has to be shorter.",
    "seed.servers[].latest": "The latest instant at which one may end.",
    "seed.roles": "What tokens may do.",
    "seed.roles[].server": "The server that it is a role of.",
    "seed.roles[].name": "As requests name it.",
    "seed.roles[].max_life": "The longest life of tokens with it.",
    "seed.roles[].latest": "The latest instant at which one may end.",
    "seed.roles[].scopes": "What it lets its bearer do.",
    "seed.users": "Who may sign in.",
    "seed.users[].name": "The name to sign in with.",
    "seed.users[].admin": "May it administer the issuer?",
    "seed.users[].password": "Generated where left out.",
    "seed.users[].roles": "The roles that it may put into its tokens.",
    "seed.users[].roles[].server": "A server's name.",
    "seed.users[].roles[].role": "A role's name.",
  }),
  ...below("issuers.arvados", {
    ...CONNECTION,
    url: "The cluster's controller; with a LoginCluster, that one's.",
    token: "SystemRootToken, or a token of an administrator or of the tokens' own user.",
    presets: "Roles of your own, beside those that `renewd presets` shows.",
    "presets.*.reason": "Why such a token is needed.",
    "presets.*.scopes": "What it may do: `GET /arvados/v1/collections`, or with the reason.",
    "presets.*.scopes[].scope": "A method and a path.",
    "presets.*.scopes[].reason": "Why it is needed.",
  }),
  ...below("issuers.oauth2", {
    ...CONNECTION,
    issuer: "As the server writes it; finds the endpoints.",
    token_endpoint: "Given, nothing is looked up.",
    jwks_uri: "Where the server's keys are, instead of what was found.",
    introspection_endpoint: "Where a token can be asked about, instead of what was found.",
    revocation_endpoint: "Where a token can be ended, instead of what was found.",
    client_id: "As the server knows renewd.",
    auth: "How the client proves itself.",
    client_secret: "For `client_secret_basic` and `client_secret_post`.",
    private_key: "For `private_key_jwt`: PKCS#8 in PEM, or a JWK.",
    alg: "How the assertion of `private_key_jwt` is signed; by the kind of the key by default.",
    key_id: "Its `kid`.",
    audience_of_assertion: "Its `aud`; the issuer, else the token endpoint, by default.",
    verify: "How a token is proved; `auto` by the server's keys where it publishes any.",
    algorithms: "By which a token may be signed.",
    subject: "What `sub` must be; without it the token's client is held against `client_id`.",
    ignore_scopes: "Scopes that the server adds unasked and that do not matter.",
    overlap: "`none` where a new grant revokes the old token.",
  }),
  ...below("issuers.http", {
    ...CONNECTION,
    url: "Where the service lives; paths are joined to it.",
    "jwt.algorithm": JWT_ALGORITHM,
    "jwt.key_id": "Its `kid`.",
    "jwt.claims": "What it says, besides its dates.",
    "jwt.lifetime": "How long it lives, from a minute ago on.",
    "request.headers": "Sent besides those that every request has.",
    "request.method": "Of HTTP.",
    "mint.headers": "The same.",
    "mint.method": "Of HTTP.",
    answer: "Where what is in it; JSON pointers such as `/data/0/token`.",
    "answer.id": "The token's id at the issuer.",
    "answer.success": "Statuses that bring a token.",
    verify: "How a token is proved: `opaque`, `jwt` or `request`.",
    "verify.type": "`opaque`: it is believed. `jwt`: by its signature. `request`: by asking the issuer.",
    "verify.jwks_uri": "`jwt`: where its keys are published.",
    "verify.algorithms": "`jwt`: by which a token may be signed.",
    "verify.scopes": "What it may do: a claim's name, or where in the answer.",
    "verify.headers": "`request`: with `{{token}}` in one of them, or in the body.",
    "verify.method": "`request`: of HTTP.",
    "verify.success": "`request`: statuses that prove it.",
    "verify.active": "`request`: where the answer says `false` of a token that is no good.",
    "verify.id": "`request`: the token's id.",
    "verify.subject": "`request`: whose it is; held against `account`.",
    "verify.issued_at": "`request`: when it was made.",
    "verify.expires_at": "`request`: when it ends.",
    "revoke.headers": "With `{{token}}` or `{{id}}`, unless the path has it.",
    "revoke.method": "Of HTTP.",
    "probe.headers": "Sent besides those that every request has.",
    "probe.method": "Of HTTP.",
    "probe.success": "Statuses that are well.",
  }),

  ...below("request.flowauth", {
    server: "The server that the token is for, by name.",
    roles: "Its roles, by name: exactly these.",
    lifetime: "How long it is to live: less than the limits of server and roles.",
  }),
  ...below("request.arvados", {
    user: "Whose token it is: `root`, or a uuid.",
    role: "A preset, instead of `scopes`.",
    scopes: "What it may do; `[all]` is everything.",
    lifetime: "How long it is to live; left out: without an end.",
    strategy: "A new token, or a later end of the same; by what it is for when left out.",
    force: "Allows what is refused otherwise, as harmful.",
    retire: "End the old token once no reader can use it any more.",
    form: "`v2/uuid/secret`, or the bare secret.",
  }),
  ...below("request.oauth2", {
    scope: "What it is to be able to do; each is a role of the token.",
    audience: "Sent as `audience`.",
    resource: "Sent as `resource` (RFC 8707).",
    lifetime: "What the server grants: it cannot be asked for, and the settings reckon with it.",
    parameters: "Whatever else the server wants in the form.",
    retire: "Revoke the old token once no reader can use it any more.",
  }),
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
