import type { IssuerType } from "../../core/ports.ts";
import { createFlowAuth } from "./issuer.ts";
import {
  describeRequest,
  type FlowAuthOptions,
  type FlowAuthRequest,
  optionsSchema,
  readRequest,
  requestSchema,
} from "./options.ts";

/** Flowminder's FlowAuth, spoken to as its own web page does (fact sheet: README.md of this folder). */
export const flowauth: IssuerType<FlowAuthOptions, FlowAuthRequest> = {
  type: "flowauth",
  options: optionsSchema,
  request: requestSchema,
  readRequest,
  describe: describeRequest,
  presets: () => [],
  identity: (options, request, name) => [options.url, options.username, request.server, name].join("|"),
  create: (context) => createFlowAuth(context, false),
};
