import { describe, expect, it } from "vitest";
import { awsSecretsManager } from "../../../src/stores/aws-secrets-manager/index.ts";

const { options, address, identity } = awsSecretsManager;
const region = "eu-west-1";

describe("the options", () => {
  it.each([
    { region },
    { region: "us-gov-east-1", endpoint: "https://vpce-1.secretsmanager.us-gov-east-1.vpce.amazonaws.com" },
    { region, endpoint: "http://127.0.0.1:4566", timeout: "2s", kms_key: "alias/tokens", tags: { team: "a b" } },
    { region, endpoint: "http://[::1]:4566", role_arn: "arn:aws:iam::123456789012:role/renewd" },
  ])("take %o", (given) => {
    const once = options.parse(given);
    expect(options.parse(once)).toEqual(once);
  });

  it.each([
    [{}, /region/],
    [{ region: "Ireland" }, /eu-west-1/],
    [{ region, endpoint: "http://secrets.example.org" }, /loopback/],
    [{ region, endpoint: "http://localhost.example.org" }, /loopback/],
    [{ region, endpoint: "https://user:pw@secrets.example.org" }, /loopback/],
    [{ region, role_arn: "renewd" }, /ARN/],
    [{ region, tags: { "aws:x": "1" } }, /aws:/],
    [{ region, timeout: "soon" }, /10s/],
    [{ region, timeout: "0s" }, /10s/],
  ])("refuse %o", (given, message) => {
    expect(() => options.parse(given)).toThrow(message);
  });
});

describe("the address", () => {
  it.each(["", "a b", "secret?", "arn:aws:s3:::bucket"])("refuses %j", (secret) => {
    expect(() => address.parse({ secret })).toThrow(/name or an ARN/);
  });

  it("is one secret by name and by ARN", () => {
    const given = options.parse({ region });
    const of = (secret: string): string => identity(given, { secret }, (path) => path);
    expect(of("arn:aws:secretsmanager:eu-west-1:123456789012:secret:airflow/x-Ab12Cd")).toBe(of("airflow/x"));
  });
});
