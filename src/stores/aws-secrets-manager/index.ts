import { MINUTE_MS } from "../../core/duration.ts";
import type { StoreCapabilities, StoreType } from "../../core/ports.ts";
import { secretsApi } from "./client.ts";
import { awsAddress, awsOptions, secretName, type AwsAddress, type AwsOptions } from "./options.ts";
import { SecretPlace } from "./place.ts";

const capabilities: StoreCapabilities = {
  precondition: true,
  propagationMs: MINUTE_MS,
  observeMs: 15 * MINUTE_MS,
  // AWS: no more than one PutSecretValue of a secret in ten minutes, sustained.
  writeIntervalMs: 10 * MINUTE_MS,
  createsByDefault: false,
};

/** AWS Secrets Manager, one region and account. What it does there and the permissions it needs: README.md here. */
export const awsSecretsManager: StoreType<AwsOptions, AwsAddress> = {
  type: "aws-secrets-manager",
  capabilities,
  options: awsOptions,
  address: awsAddress,
  identity({ region, endpoint, role_arn: role }, { secret }) {
    const account = /^arn:[^:]+:iam::(\d{12}):/.exec(role ?? "")?.[1] ?? "";
    return `${endpoint ?? "aws"} ${region} ${account} ${secretName(secret)}`;
  },
  create(context) {
    const api = secretsApi(context);
    return {
      capabilities,
      open(target) {
        const { secret, adopt = false } = awsAddress.parse(target.address);
        const { instance, options } = context;
        const { format, create } = target;
        return new SecretPlace({ secret, adopt, format, create, instance, tags: options.tags }, api);
      },
      close: async () => api.close(),
    };
  },
};
