import type { IssuerType } from "../../core/ports.ts";
import { createArvados } from "./issuer.ts";
import { type ArvadosOptions, optionsSchema, presetsOf } from "./options.ts";
import { type ArvadosRequest, describe, identityOf, readRequest, requestSchema } from "./request.ts";

/** An Arvados cluster's API tokens (what is known of them: README.md of this folder). */
export const arvados: IssuerType<ArvadosOptions, ArvadosRequest> = {
  type: "arvados",
  options: optionsSchema,
  request: requestSchema,
  readRequest,
  describe,
  presets: presetsOf,
  identity: identityOf,
  create: createArvados,
};
