import { createPrivateKey, sign } from "node:crypto";
import type { Certificate } from "./tls-certificate.ts";

const FROM = "20200101000000Z";
const UNTIL = "20991231235959Z";

/** The same certificate with other dates (GeneralizedTime, RFC 5280 §4.1.2.5.2), signed anew by its own key. */
export function withDates(given: Certificate, dates: { readonly from?: string; readonly until?: string }): Certificate {
  const { from = FROM, until = UNTIL } = dates;
  const old = Buffer.from(given.cert.replace(/-----[^-]+-----|\s/g, ""), "base64");
  // Certificate ::= SEQUENCE { tbsCertificate SEQUENCE, signatureAlgorithm SEQUENCE, signature BIT STRING }
  const tbsAt = contentAt(old, 0);
  const tbsEnd = contentAt(old, tbsAt) + lengthAt(old, tbsAt);
  const algorithmEnd = contentAt(old, tbsEnd) + lengthAt(old, tbsEnd);
  const dated = old.subarray(tbsAt, tbsEnd).toString("latin1").replace(FROM, from).replace(UNTIL, until);
  const tbs = Buffer.from(dated, "latin1");
  const signature = sign("sha256", tbs, createPrivateKey(given.key));
  const bits = Buffer.concat([Buffer.from([0x03, signature.length + 1, 0]), signature]);
  const content = Buffer.concat([tbs, old.subarray(tbsEnd, algorithmEnd), bits]);
  const head = Buffer.from([0x30, 0x82, content.length >> 8, content.length & 0xff]);
  const base64 = Buffer.concat([head, content]).toString("base64");
  return {
    key: given.key,
    cert: `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{1,64}/g, "$&\n")}-----END CERTIFICATE-----\n`,
  };
}

/** Where the content of the DER element at `at` begins. */
function contentAt(der: Buffer, at: number): number {
  const first = der[at + 1] ?? 0;
  return at + 2 + (first < 0x80 ? 0 : first & 0x7f);
}

function lengthAt(der: Buffer, at: number): number {
  const first = der[at + 1] ?? 0;
  return first < 0x80 ? first : der.readUIntBE(at + 2, first & 0x7f);
}
