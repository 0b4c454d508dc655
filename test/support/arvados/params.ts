import { Refusal } from "./refusal.ts";

export type Params = Readonly<Record<string, unknown>>;

export interface Received {
  /** After `_method` and X-Http-Method-Override. */
  readonly method: string;
  readonly params: Params;
  /** From the wrapper, else whatever the JSON body holds at its top. */
  readonly attrs: Params;
}

const INTEGERS = new Set(["limit", "offset"]);
const BOOLEANS = new Set(["distinct", "bypass_federation", "no_federation", "ensure_unique_name"]);
const badRequest = (message: string): Refusal => new Refusal(400, message, "controller");

/** Reads query, form and JSON body into one set of parameters, as the controller's router does. */
export function receive(method: string, url: URL, contentType: string, body: string, override: string): Received {
  const mediaType = contentType.split(";")[0]?.trim().toLowerCase() ?? "";
  const form = new URLSearchParams(mediaType === "application/x-www-form-urlencoded" ? body : "");
  const params: Record<string, unknown> = {};
  for (const [name, text] of [...url.searchParams, ...form]) params[name] = guess(name, text);
  let bare: Params = {};
  if ((mediaType === "application/json" || mediaType === "") && body !== "") {
    bare = Object.fromEntries(Object.entries(parseObject(body)).map(([name, value]) => [name, decoded(name, value)]));
    Object.assign(params, bare);
  }
  const asked = method === "POST" ? (form.get("_method") ?? url.searchParams.get("_method") ?? override) : "";
  const wrapped = params["api_client_authorization"];
  const attrs = isObject(wrapped) ? wrapped : wrapped == null ? bare : {};
  return { method: asked === "" ? method : asked, params, attrs };
}

/** The query with which the controller asks Rails. */
export function queryOf(params: Params): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value == null || ["api_token", "oauth_token", "_method", "api_client_authorization"].includes(name)) continue;
    query.set(name, typeof value === "string" ? value : JSON.stringify(value));
  }
  return query.size === 0 ? "" : `?${query.toString()}`;
}

function isObject(value: unknown): value is Params {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parseObject(body: string): Params {
  const value = parse(body);
  if (!isObject(value)) throw badRequest("json: cannot unmarshal into Go value of type map[string]interface {}");
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw badRequest("invalid character in JSON text");
  }
}

/** Old clients send JSON whose values are JSON texts themselves. */
function decoded(name: string, value: unknown): unknown {
  return typeof value === "string" ? guess(name, value) : value;
}

function guess(name: string, text: string): unknown {
  if (INTEGERS.has(name)) {
    if (!/^-?\d+$/.test(text))
      throw new Refusal(500, `strconv.ParseInt: parsing "${text}": invalid syntax`, "controller");
    return Number(text);
  }
  if (BOOLEANS.has(name)) return !["", "false", "0"].includes(text);
  if (text === "null" || text === "") return null;
  return /^[[{"]/.test(text) ? parse(text) : text;
}
