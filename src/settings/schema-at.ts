import { z } from "zod";

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** Made once for each schema, since that takes milliseconds. */
const jsonSchemas = new WeakMap<z.ZodType, JsonSchema>();

/** The schemas that may apply to what stands at a path below the value that a zod schema describes. */
export type SchemasAt = (path: readonly PropertyKey[]) => readonly JsonSchema[];

/** `alsoKnown` are keys of the value itself that the schema does not have. */
export function schemasAt(schema: z.ZodType, alsoKnown: readonly string[] = []): SchemasAt {
  const json = jsonSchemas.get(schema) ?? z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  jsonSchemas.set(schema, json);
  const more: JsonSchema = { properties: Object.fromEntries(alsoKnown.map((each) => [each, {}])) };
  return (path) =>
    path.reduce<readonly JsonSchema[]>(
      (here, step) => here.flatMap((each) => below(each, step)),
      [...branches(json), more],
    );
}

export function knownKeys(schemas: readonly JsonSchema[]): readonly string[] {
  return [...new Set(schemas.flatMap((each) => Object.keys(each.properties ?? {})))];
}

/** Whether a reference to a secret belongs there, with no text as a way out. */
export function isSecret(schemas: readonly JsonSchema[]): boolean {
  const known = knownKeys(schemas);
  if (!known.includes("env") || !known.includes("file") || schemas.some((each) => each.type === "string")) return false;
  return known.every((each) => ["env", "file", "command"].includes(each));
}

export function descriptionOf(schemas: readonly JsonSchema[]): string | undefined {
  return schemas.find((each) => each.description !== undefined)?.description;
}

function below(schema: JsonSchema, step: PropertyKey): readonly JsonSchema[] {
  const named = typeof step === "string" && Object.hasOwn(schema.properties ?? {}, step);
  const unnamed = typeof step === "number" ? schema.items : schema.additionalProperties;
  const next = named ? schema.properties?.[step] : unnamed;
  return typeof next === "object" && !Array.isArray(next) ? branches(next) : [];
}

function branches(schema: JsonSchema): readonly JsonSchema[] {
  const choices = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  return [schema, ...choices.flatMap((each) => branches(each))];
}
