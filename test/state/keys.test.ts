import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { SecretText } from "../../src/core/secret-text.ts";
import { Sealer } from "../../src/state/sealer.ts";
import { mintOf } from "../contracts/state-bench.ts";
import { ISSUE, NOW, TOKEN, withAccepted } from "./accepted.ts";
import { newFolder, openState } from "./fixture.ts";

const refused = expect.objectContaining({ code: "state_key" }) as Error;
const SECRET = new SecretText("chosen-by-renewd");
const newKey = (): SecretText => new SecretText(randomBytes(32).toString("base64"));
const newFile = (): string => join(newFolder(), "renewd.db");

describe("without a key in the settings", () => {
  it("one is made beside a new file, for its owner alone, and used from then on", async () => {
    const file = newFile();
    await withAccepted(file);
    expect(statSync(`${file}.key`).mode & 0o777).toBe(0o600);
    expect(Buffer.from(readFileSync(`${file}.key`, "utf8"), "base64")).toHaveLength(32);
    const before = readFileSync(`${file}.key`, "utf8");
    const state = await openState(file);
    expect((await state.unseal("flow", ISSUE.fingerprint))?.reveal()).toBe(TOKEN.reveal());
    await state.close();
    expect(readFileSync(`${file}.key`, "utf8")).toBe(before);
  });

  it("its loss is a refusal, never a new key, and nothing is changed", async () => {
    const file = newFile();
    await withAccepted(file);
    renameSync(`${file}.key`, `${file}.key.lost`);
    const before = readFileSync(file);
    await expect(openState(file)).rejects.toThrow(refused);
    await expect(openState(file)).rejects.toThrow(`${file}.key is not`);
    expect(existsSync(`${file}.key`)).toBe(false);
    expect(readFileSync(file).equals(before)).toBe(true);
    renameSync(`${file}.key.lost`, `${file}.key`);
    await (await openState(file)).close();
  });

  it("one left beside a file that is gone is used for the new file", async () => {
    const file = newFile();
    await withAccepted(file);
    const key = readFileSync(`${file}.key`, "utf8");
    for (const each of [file, `${file}-wal`, `${file}-shm`]) rmSync(each, { force: true });
    await withAccepted(file);
    expect(readFileSync(`${file}.key`, "utf8")).toBe(key);
  });
});

describe("with keys in the settings", () => {
  it("none is made beside the file", async () => {
    const file = newFile();
    await withAccepted(file, [newKey()]);
    expect(existsSync(`${file}.key`)).toBe(false);
  });

  it("another key is refused by its name, and the right one still opens", async () => {
    const file = newFile();
    const right = newKey();
    await withAccepted(file, [right]);
    await expect(openState(file, [newKey()])).rejects.toThrow(refused);
    await expect(openState(file, [newKey()])).rejects.toThrow(new Sealer([right]).kids[0]);
    await (await openState(file, [right])).close();
  });

  it("the first seals and every one opens, so that keys can be changed", async () => {
    const file = newFile();
    const [older, newer] = [newKey(), newKey()];
    await withAccepted(file, [older]);
    const rotated = await openState(file, [newer, older]);
    expect((await rotated.unseal("flow", ISSUE.fingerprint))?.reveal()).toBe(TOKEN.reveal());
    await rotated.close();
    await withAccepted(file, [newer, older], "second");
    const state = await openState(file, [newer]);
    const second = new SecretText("header.second.signature");
    expect((await state.unseal("flow", second.fingerprint))?.reveal()).toBe(second.reveal());
    expect((await state.unseal("flow", ISSUE.fingerprint))?.reveal()).toBe(TOKEN.reveal());
    await state.close();
  });

  it("after a change of keys the secret of a request in doubt is sealed with the first, too", async () => {
    const file = newFile();
    const [older, newer] = [newKey(), newKey()];
    await withAccepted(file, [older]);
    const state = await openState(file, [older]);
    const lease = await state.claim({ token: "flow", target: null }, "test", NOW, 60_000);
    if (lease === null) throw new TypeError("nobody else should hold it");
    await state.changeToken(lease, NOW, { mint: mintOf("m1", { chosen: SECRET.fingerprint }), chosen: SECRET });
    await state.close();
    await (await openState(file, [newer, older])).close();
    const rotated = await openState(file, [newer]);
    const opened = await rotated.unseal("flow", SECRET.fingerprint).then((text) => text?.reveal(), String);
    expect(opened).toBe(SECRET.reveal());
    await rotated.close();
  });

  it.each([
    ["too short", "c2hvcnQ="],
    ["too long", Buffer.alloc(33).toString("base64")],
    ["empty", ""],
    ["not base64 or hex", "!".repeat(44)],
  ])("one that is %s is refused before a file is made", async (_, text) => {
    const file = newFile();
    await expect(openState(file, [new SecretText(text)])).rejects.toThrow(refused);
    expect(existsSync(file)).toBe(false);
  });
});

describe("a sealer", () => {
  it("reads a key as base64 and as hex", async () => {
    const bytes = randomBytes(32);
    const [base64, hex] = [new SecretText(bytes.toString("base64")), new SecretText(bytes.toString("hex"))];
    const sealed = await new Sealer([base64]).seal(TOKEN);
    expect((await new Sealer([hex]).open(sealed)).reveal()).toBe(TOKEN.reveal());
  });

  it("never shows a key that it refuses", () => {
    expect(() => new Sealer([new SecretText("bm90LWEta2V5")])).not.toThrow("bm90LWEta2V5");
  });

  it("needs a key", () => expect(() => new Sealer([])).toThrow(refused));

  it("seals the same text differently each time, and names the key by a hash", async () => {
    const key = newKey();
    const sealer = new Sealer([key]);
    expect(await sealer.seal(TOKEN)).not.toBe(await sealer.seal(TOKEN));
    expect(sealer.kids[0]).toMatch(/^[0-9a-f]{16}$/);
    expect(key.reveal()).not.toContain(sealer.kids[0]);
  });

  it("opens nothing that was sealed by a key it was not given", async () => {
    const sealed = await new Sealer([newKey()]).seal(TOKEN);
    await expect(new Sealer([newKey()]).open(sealed)).rejects.toThrow(refused);
  });

  it("opens nothing that was changed since", async () => {
    const sealer = new Sealer([newKey()]);
    const parts = (await sealer.seal(TOKEN)).split(".");
    const changed = [...parts.slice(0, 3), `${parts[3]?.startsWith("A") === true ? "B" : "A"}${parts[3]?.slice(1)}`];
    await expect(sealer.open([...changed, parts[4]].join("."))).rejects.toThrow();
  });
});

it("a sealed text that was damaged is named as such by the state", async () => {
  const file = newFile();
  await withAccepted(file);
  const database = new Database(file);
  database.prepare("update issues set sealed = substr(sealed, 1, length(sealed) - 8) || 'AAAAAAAA'").run();
  database.close();
  const state = await openState(file);
  const opening = state.unseal("flow", ISSUE.fingerprint);
  await opening.catch(() => undefined);
  await state.close();
  await expect(opening).rejects.toThrow(refused);
});

it("a key file that holds no key is a refusal and is left as it is", async () => {
  const file = newFile();
  writeFileSync(`${file}.key`, "");
  await expect(openState(file)).rejects.toThrow(refused);
  expect(readFileSync(`${file}.key`, "utf8")).toBe("");
});
