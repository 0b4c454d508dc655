/** What a declared request may hold in double braces, and where. */

/** Where a template stands. An `order` asks for a token, `mint` from nothing; `old` ends one. */
export type Place = "order" | "mint" | "verify" | "old" | "probe";

const ASKED = [
  "name",
  "comment",
  "expires_at",
  "expires_date",
  "lifetime_seconds",
  "lifetime_minutes",
  "lifetime_days",
  "roles",
  "roles_object",
  "idempotency_key",
] as const;

const KNOWN: Readonly<Record<Place, readonly string[]>> = {
  order: [...ASKED, "current.token", "current.id", "jwt", "secrets.NAME", "variables.NAME"],
  mint: [...ASKED, "jwt", "secrets.NAME", "variables.NAME"],
  verify: ["token", "jwt", "secrets.NAME"],
  old: ["token", "id", "jwt", "secrets.NAME"],
  probe: ["jwt", "secrets.NAME"],
};

/** A piece of plain text, or the name of what is to stand there. */
export type Piece = { readonly text: string } | { readonly name: string };

const PLACEHOLDER = /\{\{([^{}]*)\}\}/;

/** The pieces of a text; undefined when its braces do not fit together. */
export function piecesOf(template: string): readonly Piece[] | undefined {
  const pieces = template.split(PLACEHOLDER).map((each, index): Piece => {
    return index % 2 === 0 ? { text: each } : { name: each.trim() };
  });
  if (pieces.some((piece) => "text" in piece && piece.text.includes("{{"))) return undefined;
  return pieces.filter((piece) => "name" in piece || piece.text !== "");
}

/** Every text inside a value of JSON, with its path. */
export function textsIn(
  value: unknown,
  path: readonly PropertyKey[] = [],
): readonly (readonly [PropertyKey[], string])[] {
  if (typeof value === "string") return [[[...path], value]];
  if (typeof value !== "object" || value === null) return [];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, each]: readonly [PropertyKey, unknown]) => textsIn(each, [...path, key]));
}

/** The names that a declared request uses. */
export function namesIn(request: {
  readonly path: string;
  readonly headers: object;
  readonly body?: unknown;
}): ReadonlySet<string> {
  const texts = [request.path, ...textsIn(request.headers).map(([, text]) => text)];
  const all = [...texts, ...textsIn(request.body).map(([, text]) => text)];
  return new Set(all.flatMap((text) => (piecesOf(text) ?? []).flatMap((piece) => ("name" in piece ? piece.name : []))));
}

/** The names that stand inside other text, or outside the body, so that nothing can be left out for them. */
export function namesInText(request: Parameters<typeof namesIn>[0]): ReadonlySet<string> {
  const isWhole = (text: string): boolean => piecesOf(text)?.length === 1;
  const inText = textsIn(request.body).flatMap(([, text]) => (isWhole(text) ? [] : [text]));
  return namesIn({ ...request, body: inText });
}

/** `secrets.admin` -> `admin`, of the group `secrets`. */
export function memberOf(group: "secrets" | "variables", name: string): string | undefined {
  return name.startsWith(`${group}.`) ? name.slice(group.length + 1) : undefined;
}

export function isKnown(name: string, place: Place): boolean {
  const group = (["secrets", "variables"] as const).find((each) => memberOf(each, name) !== undefined);
  return KNOWN[place].includes(group === undefined ? name : `${group}.NAME`) && !name.endsWith(".NAME");
}

export function knownNames(place: Place): string {
  return KNOWN[place].join(", ");
}

/** What must never stand in an address: those are logged on their way. */
export function isSecretName(name: string): boolean {
  return ["token", "current.token", "jwt"].includes(name) || memberOf("secrets", name) !== undefined;
}

/** What only says something where the lifetime is known. */
export function needsLifetime(name: string): boolean {
  return name.startsWith("lifetime_") || name.startsWith("expires_");
}
