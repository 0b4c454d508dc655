import type { IssuerType } from "../core/ports.ts";
import { embedded } from "./flowauth/embedded.ts";
import { flowauth } from "./flowauth/index.ts";

/** Every kind of issuer that settings may name. */
export const issuerTypes: readonly IssuerType[] = [flowauth, embedded];
