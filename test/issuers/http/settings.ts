/** Settings of the three issuers that the tests know, as an operator writes them. */

export const gitlabOptions = (url: string): Readonly<Record<string, unknown>> => ({
  url,
  overlap: "none",
  account: "42",
  request: {
    path: "/api/v4/personal_access_tokens/self/rotate",
    headers: { "PRIVATE-TOKEN": "{{current.token}}" },
    body: { expires_at: "{{expires_date}}" },
  },
  answer: { token: "/token", id: "/id", expires_at: "/expires_at", scopes: "/scopes" },
  verify: {
    type: "request",
    path: "/api/v4/personal_access_tokens/self",
    headers: { "PRIVATE-TOKEN": "{{token}}" },
    prefix: "glpat-",
    active: "/active",
    id: "/id",
    subject: "/user_id",
    scopes: "/scopes",
    issued_at: "/created_at",
    expires_at: "/expires_at",
  },
});

export const gitlabMint = {
  secrets: { admin: { env: "ADMIN" } },
  mint: {
    path: "/api/v4/users/42/personal_access_tokens",
    headers: { "PRIVATE-TOKEN": "{{secrets.admin}}" },
    body: { name: "{{name}}", description: "{{comment}}", scopes: "{{roles}}", expires_at: "{{expires_date}}" },
  },
};

export const githubOptions = (url: string): Readonly<Record<string, unknown>> => ({
  url,
  overlap: "kept",
  jwt: { key: { env: "APP_KEY" }, claims: { iss: "Iv23liExample" }, lifetime: "9m" },
  request: {
    path: "/app/installations/{{variables.installation}}/access_tokens",
    headers: { Authorization: "Bearer {{jwt}}", "X-GitHub-Api-Version": "2022-11-28" },
    body: { permissions: "{{roles_object}}" },
  },
  answer: { token: "/token", expires_at: "/expires_at", scopes: "/permissions", success: [201] },
  verify: { type: "opaque" },
  revoke: { path: "/installation/token", headers: { Authorization: "Bearer {{token}}" }, gone: [401] },
  probe: { path: "/app", headers: { Authorization: "Bearer {{jwt}}" } },
});

export const githubRequest = {
  roles: ["contents:read", "metadata:read"],
  lifetime: "1h",
  variables: { installation: "51" },
};

const bureauCommon = {
  overlap: "kept",
  account: "robot",
  secrets: { key: { env: "API_KEY" } },
  request: {
    path: "/tokens",
    headers: { "X-Api-Key": "{{secrets.key}}", "Idempotency-Key": "{{idempotency_key}}" },
    body: { name: "{{name}}", roles: "{{roles}}", until: "{{expires_at}}" },
  },
  answer: { token: "/data/token", id: "/data/id", expires_at: "/meta/until", scopes: "/meta/roles", success: [201] },
  revoke: { path: "/tokens/{{id}}", headers: { "X-Api-Key": "{{secrets.key}}" }, gone: [410] },
  probe: { path: "/health", headers: { "X-Api-Key": "{{secrets.key}}" } },
};

/** Proved by asking. */
export const bureauOptions = (url: string): Readonly<Record<string, unknown>> => ({
  ...bureauCommon,
  url,
  verify: {
    type: "request",
    path: "/tokens/current",
    headers: { Authorization: "Bearer {{token}}" },
    refused: [403],
    active: "/data/live",
    id: "/data/id",
    subject: "/data/sub",
    scopes: "/data/roles",
    expires_at: "/data/until",
  },
});

const byKey = { type: "jwt", algorithms: ["ES256"], issuer: "bureau", audience: "world", scopes: "/scope" };
const { revoke: _, ...withoutRevoke } = bureauCommon;

export const bureauByPublishedKey = (url: string): Readonly<Record<string, unknown>> => ({
  ...withoutRevoke,
  url,
  verify: { ...byKey, jwks_uri: `${url}/keys` },
});

export const bureauByGivenKey = (url: string): Readonly<Record<string, unknown>> => ({
  ...withoutRevoke,
  url,
  verify: { ...byKey, public_keys: [{ env: "PUBLIC_KEY" }] },
});
