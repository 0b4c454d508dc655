import type { StoreType } from "../core/ports.ts";
import { awsSecretsManager } from "./aws-secrets-manager/index.ts";
import { file } from "./file/index.ts";
import { serialised } from "./serialised.ts";

/** Every kind of store there is; settings name one by its `type`. */
export const storeTypes: readonly StoreType[] = [file, awsSecretsManager].map(serialised);
