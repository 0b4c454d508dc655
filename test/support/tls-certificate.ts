import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

/** A self-signed certificate (RFC 5280) that is its own authority, valid from 2020 to 2099, and its key; both in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export function makeCertificate(host: string): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = sequence(oid("2a8648ce3d040302")); // ecdsa-with-SHA256
  const name = sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from(host))))); // commonName
  const extensions = [
    sequence(oid("551d13"), der(0x04, sequence(der(0x01, Buffer.from([0xff]))))), // basicConstraints: a CA
    sequence(oid("551d11"), der(0x04, sequence(der(0x82, Buffer.from(host))))), // subjectAltName: one DNS name
  ];
  const signed = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))), // version 3
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    name,
    sequence(der(0x18, Buffer.from("20200101000000Z")), der(0x18, Buffer.from("20991231235959Z"))),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions)),
  );
  const certificate = sequence(
    signed,
    algorithm,
    der(0x03, Buffer.concat([Buffer.from([0]), sign("sha256", signed, privateKey)])),
  );
  return { cert: pem(certificate), key: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

function der(tag: number, content: Buffer): Buffer {
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, "hex"));
}

function pem(bytes: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${bytes.toString("base64").replace(/.{1,64}/g, "$&\n")}-----END CERTIFICATE-----\n`;
}
