import { secretsManagerContract } from "../../contracts/secrets-manager.ts";
import { startSecretsManager } from "../../support/secrets-manager/index.ts";

secretsManagerContract("aws-secrets-manager", startSecretsManager);
