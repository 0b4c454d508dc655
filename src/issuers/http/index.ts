import type { IssuerType } from "../../core/ports.ts";
import { createHttpIssuer } from "./issuer.ts";
import { type HttpIssuerOptions, type HttpIssuerRequest, optionsSchema, requestSchema } from "./options.ts";
import { describe, identity, readRequest } from "./requests.ts";

/** An issuer that nobody wrote an adapter for: its requests and answers are declared in the settings (docs/http-issuer.md). */
export const http: IssuerType<HttpIssuerOptions, HttpIssuerRequest> = {
  type: "http",
  options: optionsSchema,
  request: requestSchema,
  readRequest,
  describe,
  presets: () => [],
  identity,
  create: createHttpIssuer,
};
