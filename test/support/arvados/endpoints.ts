import { noEndpoint, pathNotFound } from "./refusal.ts";

export type ArvadosCall = "create" | "list" | "get" | "update" | "delete" | "current" | "logout" | "config" | "other";

export interface Endpoint {
  readonly call: ArvadosCall;
  /** The last part of the path where that names a record. */
  readonly uuid: string | null;
  /** `users`, `collections`, …: what is answered trivially; "" for the rest. */
  readonly resource: string;
  /** With which method Rails is asked: scopes are held against this one. Null where Rails is not asked at all. */
  readonly asked: string | null;
  /** Whether the controller decodes the answer, or only hands it through. */
  readonly routed: boolean;
}

const TOKENS = "/arvados/v1/api_client_authorizations";
/** What the controller routes itself, with PATCH for changes; PUT is taken for PATCH. */
const ROUTED = new Set(["collections", "container_requests", "groups", "links", "users", "authorized_keys"]);
/** What goes through to Rails as the client said it. */
const PROXIED = new Set(["containers", "logs", "keep_services", "workflows", "virtual_machines"]);
const plain = { uuid: null, resource: "", routed: true };

export function endpointOf(method: string, path: string): Endpoint {
  if (path === "/arvados/v1/config" || path === "/discovery/v1/apis/arvados/v1/rest") {
    if (!isRead(method)) throw noEndpoint(405);
    return { ...plain, call: path.endsWith("config") ? "config" : "other", asked: null };
  }
  if (path === "/logout") {
    if (!isRead(method)) throw noEndpoint(405);
    return { ...plain, call: "logout", asked: null };
  }
  if (path === TOKENS || path.startsWith(`${TOKENS}/`)) return tokenEndpoint(method, path.slice(TOKENS.length));
  const found = /^\/arvados\/v1\/([a-z_]+)(?:\/([\w-]+)(?:\/\w+)?)?\/?$/.exec(path);
  const resource = found?.[1] ?? "";
  if (!ROUTED.has(resource) && !PROXIED.has(resource)) throw pathNotFound();
  const routed = ROUTED.has(resource);
  if (routed && path.endsWith("/")) throw noEndpoint(404);
  const asked = routed && method === "PUT" ? "PATCH" : method;
  return { call: "other", uuid: found?.[2] ?? null, resource, asked, routed };
}

/** One segment below the collection is a uuid, even `create_system_auth`; PATCH is no synonym for an endpoint declared PUT. */
function tokenEndpoint(method: string, below: string): Endpoint {
  const endpoint = (call: ArvadosCall, uuid: string | null = null): Endpoint => ({
    ...plain,
    call,
    uuid,
    asked: method === "HEAD" ? "GET" : method,
  });
  if (below === "") {
    if (isRead(method)) return endpoint("list");
    if (method === "POST") return endpoint("create");
    throw noEndpoint(405);
  }
  const uuid = /^\/([^/]+)$/.exec(below)?.[1];
  if (uuid === undefined) throw noEndpoint(404);
  if (isRead(method)) return uuid === "current" ? endpoint("current") : endpoint("get", uuid);
  if (method === "PUT") return endpoint("update", uuid);
  if (method === "DELETE") return endpoint("delete", uuid);
  throw noEndpoint(405);
}

function isRead(method: string): boolean {
  return method === "GET" || method === "HEAD";
}
