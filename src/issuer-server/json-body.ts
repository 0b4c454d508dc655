import { type Refusal, invalidUsage, page } from "./refusal.ts";
import type { IssuerContext } from "./routes.ts";

/** A body that must be JSON by its content type and its text, as sign-in and mint want it; else the HTML 400. */
export async function readJson(c: IssuerContext): Promise<unknown> {
  const value = declaresJson(c) ? parseJson(await c.req.text()) : undefined;
  if (value === undefined) throw page(400, "The request is not JSON, or its Content-Type does not say so.");
  return value;
}

/**
 * The body of a renewal: whatever is not readable as JSON, or is empty, counts as `{}`, which asks for the greatest
 * lifetime. That is the letter of the protocol (fact sheet §3).
 */
export async function readOptionalObject(c: IssuerContext): Promise<Readonly<Record<string, unknown>>> {
  const value = declaresJson(c) ? parseJson(await c.req.text()) : undefined;
  if (!value || (Array.isArray(value) && value.length === 0)) return {};
  return asObject(value);
}

export function asObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw notAnObject();
}

function notAnObject(): Refusal {
  return invalidUsage("The request must be a JSON object.");
}

function declaresJson(c: IssuerContext): boolean {
  const type = (c.req.header("Content-Type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  return type === "application/json" || /^application\/.+\+json$/.test(type);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, keepFloats);
  } catch {
    return undefined;
  }
}

/** FlowAuth's reader takes `60.0` and `6e1` for fractions whatever their value; ours would lose that. */
function keepFloats(key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const isFraction = typeof value === "number" && /[.eE]/.test(context?.source ?? "");
  return key === "lifetime_minutes" && isFraction ? Number.NaN : value;
}
