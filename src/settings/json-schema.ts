import { z } from "zod";
import { key } from "./fields.ts";
import { type Kinds, zodOf } from "./services.ts";
import {
  alertsShape,
  defaultsShape,
  httpShape,
  instanceShape,
  policyShape,
  stateShape,
  targetShape,
  tickShape,
  tokenShape,
} from "./shapes.ts";

type Json = Readonly<Record<string, unknown>>;

/**
 * The JSON Schema (2020-12) of a settings file, for editors. It is looser than loading in what JSON Schema cannot say:
 * references, formats of texts, arithmetic; and no key of a token or target is required, since `defaults` may give it.
 */
export function settingsJsonSchema(kinds: Kinds): Json {
  const services = (all: Kinds[keyof Kinds]): Json =>
    keyed({ anyOf: all.map((kind) => withType(kind.type, jsonOf(zodOf<unknown>(kind.options)))) });
  const common = optional(jsonOf(targetShape)) as JsonObject;
  const target = {
    anyOf: kinds.stores.map(({ address }) => joined(common, optional(jsonOf(zodOf<unknown>(address))) as JsonObject)),
  };
  const token = optional(jsonOf(tokenShape)) as JsonObject;
  const requests = kinds.issuers.map((kind) => JSON.stringify(optional(jsonOf(zodOf<unknown>(kind.request)))));
  const tokenProperties = {
    ...token.properties,
    request: { anyOf: [...new Set(requests)].map((each) => JSON.parse(each) as Json) },
    targets: keyed(REF_TARGET),
  };
  const defaults = jsonOf(defaultsShape) as JsonObject;
  const alerts = jsonOf(alertsShape) as JsonObject;
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Settings of renewd",
    type: "object",
    properties: {
      version: { const: 1, description: "The version of this format." },
      instance: jsonOf(instanceShape),
      tick: jsonOf(tickShape),
      state: jsonOf(stateShape),
      http: jsonOf(httpShape),
      issuers: services(kinds.issuers),
      stores: services(kinds.stores),
      policies: keyed(jsonOf(policyShape)),
      tokens: keyed(REF_TOKEN),
      defaults: { ...defaults, properties: { token: REF_TOKEN, target: REF_TARGET } },
      alerts: { ...alerts, properties: { ...alerts.properties, channels: services(kinds.notifiers) } },
    },
    patternProperties: { "^x-": {} },
    required: ["version"],
    additionalProperties: false,
    $defs: { token: { ...token, properties: tokenProperties }, target },
  };
}

const REF_TOKEN: Json = { $ref: "#/$defs/token" };
const REF_TARGET: Json = { $ref: "#/$defs/target" };

interface JsonObject extends Json {
  readonly properties: Json;
}

function jsonOf(schema: z.ZodType): Json {
  const { $schema: _, ...json } = z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
  return json;
}

function keyed(value: Json): Json {
  const { pattern } = jsonOf(key);
  return { type: "object", propertyNames: { pattern }, additionalProperties: value };
}

/** An adapter's schema with `type` added, which loading takes off before that schema sees the options. */
function withType(type: string, options: Json): Json {
  const required = Array.isArray(options["required"]) ? (options["required"] as unknown[]) : [];
  const properties = { type: { const: type }, ...(options["properties"] as Json | undefined) };
  return { ...options, properties, required: ["type", ...required] };
}

function joined(a: JsonObject, b: JsonObject): Json {
  return { ...b, properties: { ...a.properties, ...b.properties } };
}

/** The same without its own required keys. */
function optional(json: Json): Json {
  const { required: _, ...rest } = json;
  return rest;
}
