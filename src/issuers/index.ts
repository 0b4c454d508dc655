import type { IssuerType } from "../core/ports.ts";
import { arvados } from "./arvados/index.ts";
import { embedded } from "./flowauth/embedded.ts";
import { flowauth } from "./flowauth/index.ts";
import { http } from "./http/index.ts";
import { oauth2 } from "./oauth2/index.ts";

/** Every kind of issuer that settings may name. */
export const issuerTypes: readonly IssuerType[] = [flowauth, embedded, arvados, oauth2, http];
