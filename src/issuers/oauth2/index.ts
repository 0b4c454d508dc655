import type { IssuerType } from "../../core/ports.ts";
import { createOAuth2 } from "./issuer.ts";
import {
  describe,
  type OAuth2Options,
  type OAuth2Request,
  optionsSchema,
  placeOf,
  readRequest,
  requestSchema,
} from "./options.ts";

/** Any OAuth2 server that grants tokens by client credentials (RFC 6749 §4.4; README.md of this folder). */
export const oauth2: IssuerType<OAuth2Options, OAuth2Request> = {
  type: "oauth2",
  options: optionsSchema,
  request: requestSchema,
  readRequest,
  describe,
  presets: () => [],
  // The server keeps no names: two names are two tokens, each granted for itself.
  identity: (options, request, name) =>
    [placeOf(options), options.client_id, request.audience ?? "", request.resource ?? "", name].join("|"),
  create: createOAuth2,
};
