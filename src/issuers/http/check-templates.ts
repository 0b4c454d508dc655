import type { HttpIssuerOptions, RequestShape } from "./options.ts";
import { isKnown, isSecretName, knownNames, memberOf, namesIn, type Place, piecesOf, textsIn } from "./placeholders.ts";

/** What is wrong with the settings of an issuer, at which key. */
interface Finding {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Those that the client itself sets, or that would change what a message is. */
const OWN_HEADERS =
  /^(?:host|content-length|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect|accept-encoding|proxy-.*)$/i;
const SECRET_HEADERS =
  /^(?:authorization|cookie|private-token|deploy-token|x-api-key|api-key|x-auth-token|x-vault-token)$/i;

/** RFC 3986: what may stand in a path and a query as it is. */
const PATH_TEXT = /^(?:[\w\-.~!$&()*+,;=:@/?]|%[\dA-Fa-f]{2})*$/;
const DOT_SEGMENT = /(?:^|\/)(?:\.|%2e){1,2}(?=\/|\?|$)/i;

const MOST_BODY_CHARACTERS = 64 * 1024;

/** All that can be known to be wrong before anything is asked. */
export function checkTemplates(options: HttpIssuerOptions): readonly Finding[] {
  const { request, mint, revoke, probe, verify } = options;
  const at = (key: string, shape: RequestShape | undefined, place: Place): readonly Finding[] =>
    shape === undefined
      ? []
      : checkRequest(options, shape, place).map((each) => ({ ...each, path: [key, ...each.path] }));
  return [
    ...at("request", request, "order"),
    ...at("mint", mint, "mint"),
    ...at("revoke", revoke, "old"),
    ...at("probe", probe, "probe"),
    ...at("verify", verify.type === "request" ? verify : undefined, "verify"),
    ...checkWhole(options),
  ];
}

function checkWhole(options: HttpIssuerOptions): readonly Finding[] {
  const { request, mint, verify, account, jwt, revoke, overlap } = options;
  const findings: Finding[] = [];
  const add = (path: readonly PropertyKey[], message: string): void => void findings.push({ path, message });
  if (mint !== undefined && !needsCurrent(request)) {
    add(["mint"], "is never used, since `request` needs no current token; leave one of them out");
  }
  if (verify.type === "request" && !namesIn(verify).has("token")) {
    add(["verify"], "does not say where the token goes; write {{token}} in a header or the body");
  }
  if (verify.type === "jwt" && (verify.jwks_uri === undefined) === (verify.public_keys === undefined)) {
    add(["verify"], "needs either `jwks_uri` or `public_keys`");
  }
  if (
    account !== undefined &&
    (verify.type === "opaque" || (verify.type === "request" && verify.subject === undefined))
  ) {
    add(
      ["account"],
      "cannot be checked, since `verify` does not tell whose a token is; give `verify.subject` or leave it out",
    );
  }
  if (verify.type === "request" && verify.id !== undefined && namesIn(verify).has("id")) {
    add(["verify", "id"], "cannot be what it asks with");
  }
  for (const claim of ["iat", "exp", "nbf"]) {
    if (jwt !== undefined && Object.hasOwn(jwt.claims, claim))
      add(["jwt", "claims", claim], "is set by renewd; remove it");
  }
  if (overlap === "none" && revoke !== undefined) {
    add(["revoke"], "is never used, since a renewal itself ends the old token (`overlap: none`); remove it");
  }
  return findings;
}

export function needsCurrent(request: RequestShape): boolean {
  const names = namesIn(request);
  return names.has("current.token") || names.has("current.id");
}

function checkRequest(options: HttpIssuerOptions, shape: RequestShape, place: Place): readonly Finding[] {
  return [
    ...checkPath(shape.path),
    ...checkHeaders(shape.headers),
    ...checkBody(shape),
    ...textsIn(shape.path, ["path"]).flatMap((each) => checkNames(options, each, place)),
    ...textsIn(shape.headers, ["headers"]).flatMap((each) => checkNames(options, each, place)),
    ...textsIn(shape.body, ["body"]).flatMap((each) => checkNames(options, each, place)),
  ];
}

function checkNames(
  options: HttpIssuerOptions,
  [path, text]: readonly [path: readonly PropertyKey[], text: string],
  place: Place,
): readonly Finding[] {
  const pieces = piecesOf(text);
  if (pieces === undefined) return [{ path, message: "has {{ without }}; write a placeholder as {{name}}" }];
  const isWhole = path[0] === "body" && pieces.length === 1;
  const names = pieces.flatMap((piece) => ("name" in piece ? piece.name : []));
  return names.flatMap((name) => checkName(options, name, isWhole, place).map((message) => ({ path, message })));
}

function checkName(options: HttpIssuerOptions, name: string, isWhole: boolean, place: Place): readonly string[] {
  const shown = name.slice(0, 64);
  if (!isKnown(name, place)) return [`has an unknown placeholder {{${shown}}}; known here are ${knownNames(place)}`];
  const secret = memberOf("secrets", name);
  if (secret !== undefined && !Object.hasOwn(options.secrets, secret)) {
    return [`names {{${shown}}}, which is not declared; declare it under \`secrets\``];
  }
  if (name === "jwt" && options.jwt === undefined) return ["names {{jwt}}, which is not declared; declare `jwt`"];
  if (name === "roles_object" && !isWhole) return ["has {{roles_object}}, which must be a whole value of the body"];
  return [];
}

function checkPath(path: string): readonly Finding[] {
  const add = (message: string): readonly Finding[] => [{ path: ["path"], message }];
  const pieces = piecesOf(path) ?? [];
  const texts = pieces.flatMap((piece) => ("text" in piece ? piece.text : []));
  if (!path.startsWith("/")) return add("does not begin with /; write it from `url` on");
  if (texts.some((text) => !PATH_TEXT.test(text))) {
    return add("holds what cannot stand in an address; percent-encode it, and leave # and what follows out");
  }
  if (DOT_SEGMENT.test(path)) return add("holds . or .. as a step; write the path that is meant");
  return pieces.some((piece) => "name" in piece && isSecretName(piece.name))
    ? add("holds a secret, and addresses are logged on their way; send it in a header or the body")
    : [];
}

function checkHeaders(headers: Readonly<Record<string, string>>): readonly Finding[] {
  const seen = new Set<string>();
  return Object.entries(headers).flatMap(([name, value]): readonly Finding[] => {
    const path = ["headers", name];
    const twice = seen.has(name.toLowerCase());
    seen.add(name.toLowerCase());
    if (OWN_HEADERS.test(name)) return [{ path, message: "is set by renewd itself; remove it" }];
    if (twice) return [{ path, message: "is there twice" }];
    const pieces = piecesOf(value) ?? [];
    if (pieces.some((piece) => "text" in piece && !/^[\x20-\x7e]*$/.test(piece.text))) {
      return [{ path, message: "holds what a header cannot carry; printable ASCII only" }];
    }
    if (SECRET_HEADERS.test(name) && pieces.every((piece) => "text" in piece)) {
      const message = "holds a secret as it is; declare it under `secrets` and write {{secrets.NAME}}";
      return [{ path, message }];
    }
    return [];
  });
}

function checkBody({ method, body }: RequestShape): readonly Finding[] {
  if (body === undefined) return [];
  const path = ["body"];
  if (method === "GET") return [{ path, message: "cannot be sent with GET; use another method, or no body" }];
  const json = JSON.stringify(body) as string | undefined;
  if (json === undefined || json.length > MOST_BODY_CHARACTERS) {
    return [{ path, message: `is not JSON of at most ${MOST_BODY_CHARACTERS} characters` }];
  }
  return keysIn(body).some((key) => key.includes("{{"))
    ? [{ path, message: "has {{…}} in a key; only values are filled in" }]
    : [];
}

function keysIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(keysIn);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => [key, ...keysIn(each)]);
}
