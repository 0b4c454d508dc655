import { mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CreationOrder } from "../../src/core/control.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { connectControl, serveControl } from "../../src/http/socket.ts";
import { CREATED, EXP, FakeControl, NOW, report, token } from "./fake-control.ts";

let folder: string;
let path: string;
const open: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "renewd-"));
  path = join(folder, "control.sock");
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
  await rm(folder, { recursive: true });
});

async function serve(control: FakeControl = new FakeControl()): Promise<FakeControl> {
  open.push(await serveControl(control, path));
  return control;
}

async function connect() {
  const remote = await connectControl(path);
  if (remote === undefined) throw new Error("nobody listens");
  return remote;
}

describe("a verb and the daemon", () => {
  it("understand each other in every call", async () => {
    const control = await serve();
    const remote = await connect();
    expect(await remote.status()).toEqual(report);
    expect(await remote.tokenStatus("flowapi")).toEqual(token);
    expect(await remote.plan()).toEqual(await control.plan());
    expect(await remote.calendar(366)).toEqual(await control.calendar(366));
    expect(await remote.calendar(30, "flowapi")).toEqual(await control.calendar(30));
    const days = { days: 366, words: ["flow"], dayAt: NOW };
    expect(await remote.calendarDays(days)).toEqual(await control.calendarDays(days));
    expect(await remote.planOf("flowapi")).toEqual(await control.planOf("flowapi"));
    await expect(remote.planOf("other")).rejects.toMatchObject({ code: "unknown_token" });
    await expect(remote.calendar(367)).rejects.toMatchObject({ code: "usage" });
    expect(await remote.limits("flowapi")).toEqual({ longestMs: 3_600_000, latestAt: EXP });
    await expect(remote.limits("other")).rejects.toMatchObject({ code: "unknown_token" });
    expect(await remote.history("flowapi", 5)).toEqual(await control.history("flowapi", 5));
    expect(await remote.renew("flowapi", null)).toEqual({ token: "flowapi", since: NOW, joined: false });
    expect(await remote.renew("flowapi", 3_600_000)).toEqual({ token: "flowapi", since: NOW, joined: true });
    expect(await remote.renewal("flowapi", NOW)).toEqual(await control.renewal("flowapi", NOW));
    await remote.pause("flowapi", EXP, "a move");
    await remote.pause("flowapi", null, null);
    await remote.resume("flowapi");
    expect(await remote.rollback("flowapi")).toEqual(await control.rollback("flowapi"));
    expect(await remote.accept("flowapi")).toEqual(await control.accept("flowapi"));
    expect(await remote.discard("flowapi")).toEqual(await control.discard("flowapi"));
    await remote.adopt("flowapi", "airflow");
    expect(await remote.issueLink()).toContain("/sign-in?code=");
    expect(await remote.reload()).toEqual(["renewd.yaml:3:1 a problem"]);
    expect(await remote.health()).toEqual({ alive: true, ready: false, reasons: ["sweep_failing"] });
    const acts = control.asked.filter(([what]) =>
      ["renew", "pause", "resume", "adopt", "reload"].includes(String(what)),
    );
    expect(acts).toEqual([
      ["renew", "flowapi", null],
      ["renew", "flowapi", 3_600_000],
      ["pause", "flowapi", EXP, "a move"],
      ["pause", "flowapi", null, null],
      ["resume", "flowapi"],
      ["adopt", "flowapi", "airflow"],
      ["reload"],
    ]);
    await remote.close();
  });

  it("hand over the one secret that goes in and the one that comes out", async () => {
    const control = await serve();
    const remote = await connect();
    const flags = { user: "root", server: null, roles: ["reader"], scopes: ["all"], lifetime: "30d" };
    const described = { kind: "described", issuer: "arv", name: null, comment: "for it", flags } as const;
    const rest = { expAt: EXP, reuse: true, superuser: true };
    const created = await remote.createToken({ ...rest, of: described, secret: new SecretText("chosen-secret") });
    expect(created.token.reveal()).toBe(CREATED.reveal());
    expect(created).toMatchObject({ fingerprint: CREATED.fingerprint, expAt: EXP, outcome: "made", warnings: [] });
    const declared = { kind: "declared", token: "flowapi" } as const;
    await remote.createToken({ expAt: null, reuse: false, superuser: false, of: declared, secret: null });
    const [first, second] = control.asked.filter(([what]) => what === "createToken").map(([, order]) => order);
    expect(first).toMatchObject({ ...rest, of: described });
    expect((first as CreationOrder).secret?.reveal()).toBe("chosen-secret");
    expect(second).toEqual({ expAt: null, reuse: false, superuser: false, of: declared, secret: null });
  });

  it("mean the same error", async () => {
    await serve();
    const remote = await connect();
    const error = await remote.tokenStatus("nobody").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(RenewdError);
    expect(error).toMatchObject({ code: "unknown_token", message: "no token nobody is declared" });
    await expect(remote.renew("flowapi", 60_000)).rejects.toMatchObject({ code: "would_not_gain" });
    await expect(remote.rollback("nobody")).rejects.toMatchObject({ code: "unknown_token" });
  });

  it("keep a bug's own text to the daemon", async () => {
    (await serve()).failure = new TypeError("canary");
    const error = await (await connect()).status().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "bug", message: "unexpected TypeError" });
  });

  it("refuse what they do not know: calls, arguments, and bodies without end", async () => {
    const control = await serve();
    const remote = await connect();
    await expect(remote.renew("flowapi", -1)).rejects.toMatchObject({ code: "usage" });
    await expect(remote.history("x".repeat(70_000), 1)).rejects.toMatchObject({ code: "usage" });
    for (const [method, address] of [
      ["POST", "/control/constructor"],
      ["POST", "/control/"],
      ["GET", "/control/status"],
    ]) {
      const text = await new Promise<string>((resolve) => {
        const asked = request({ socketPath: path, path: address, method, agent: false }, (answer) => {
          answer.setEncoding("utf8").once("data", resolve);
        });
        asked.end();
      });
      expect(JSON.parse(text)).toMatchObject({ error: { code: "usage" } });
    }
    expect(control.asked).toEqual([]);
  });
});

describe("the socket", () => {
  it("opens for its owner only, and leaves nothing else behind", async () => {
    await serve();
    const { mode } = await stat(path);
    expect((mode & 0o777).toString(8)).toBe("600");
    expect(await readdir(folder)).toEqual(["control.sock"]);
    await open.splice(0)[0]?.close();
    expect(await readdir(folder)).toEqual([]);
  });

  it.skipIf(process.platform !== "linux")("is made inside the folder that it is for, not beside it", async () => {
    await serve();
    expect(await readFile("/proc/net/unix", "utf8")).toContain(` ${folder}/.`);
  });

  it("is not taken from a daemon that answers", async () => {
    await serve();
    await expect(serveControl(new FakeControl(), path)).rejects.toMatchObject({ code: "state_locked" });
    expect(await (await connect()).status()).toEqual(report);
  });

  it("that a dead process left is no daemon, and is replaced", async () => {
    const kept = join(folder, "kept");
    const dead = createServer();
    await new Promise<void>((resolve) => void dead.listen(kept, resolve));
    // Node removes the file under its first name only, so that this one outlives its listener as after a kill.
    await rename(kept, path);
    await new Promise((resolve) => dead.close(resolve));
    expect(await connectControl(path)).toBeUndefined();
    await serve();
    expect(await (await connect()).status()).toEqual(report);
  });

  it("that is not there means that no daemon runs", async () => {
    expect(await connectControl(path)).toBeUndefined();
    expect(await connectControl(join(folder, "no", "such", "folder.sock"))).toBeUndefined();
  });

  it("is never made over a file that is something else", async () => {
    await writeFile(path, "precious");
    await expect(serveControl(new FakeControl(), path)).rejects.toMatchObject({ code: "settings_invalid" });
    await expect(connectControl(path)).rejects.toMatchObject({ code: "settings_invalid" });
    expect(await readFile(path, "utf8")).toBe("precious");
  });

  it("with a path that the kernel would cut is refused, with the length that is allowed", async () => {
    const long = join(folder, "x".repeat(100));
    await expect(serveControl(new FakeControl(), long)).rejects.toThrow(/more than 100 bytes/);
    await expect(connectControl(long)).rejects.toThrow(/more than 100 bytes/);
  });

  it("in a folder that is not there is refused with a reason", async () => {
    const error = serveControl(new FakeControl(), join(folder, "none", "c.sock"));
    await expect(error).rejects.toThrow(/cannot be made \(ENOENT\)/);
  });
});

it("says so when something else answers there, or breaks off", async () => {
  const other = createServer((_, answer) => void answer.end("hello"));
  await new Promise<void>((resolve) => void other.listen(path, resolve));
  const remote = await connect();
  await expect(remote.status()).rejects.toMatchObject({
    code: "daemon_unreachable",
    message: expect.stringContaining("not renewd"),
  });
  other.removeAllListeners("request").on("request", (incoming) => void incoming.socket.destroy());
  await expect(remote.status()).rejects.toMatchObject({ code: "daemon_unreachable" });
  await new Promise((resolve) => other.close(resolve));
});

it("does not wait long for a daemon that takes calls and answers none, as a stopped one does", async () => {
  const stopped = createServer(() => undefined);
  await new Promise<void>((resolve) => void stopped.listen(path, resolve));
  await expect(connectControl(path, 20)).rejects.toMatchObject({
    code: "daemon_unreachable",
    message: expect.stringContaining("did not answer (nothing for 0.02 s)"),
  });
  stopped.closeAllConnections();
  await new Promise((resolve) => stopped.close(resolve));
});

it.each([
  ["/etc/renewd/renewd.yaml", "/etc/renewd/renewd.yaml"],
  [undefined, undefined],
  [7, undefined],
])("tells whose daemon it is as that one says it: %j", async (settingsFile, told) => {
  const control = await serve();
  const health = { alive: true, ready: true, reasons: [] };
  control.health = () => Promise.resolve({ ...health, settingsFile: settingsFile as string | undefined });
  expect((await connect()).settingsFile).toBe(told);
});

it("takes a daemon of an earlier version, which does not know how to say how it is", async () => {
  const error = JSON.stringify({ error: { code: "usage", message: "this daemon knows no such call" } });
  const earlier = createServer(({ url }, answer) => {
    answer.end(url === "/control/health" ? error : JSON.stringify({ result: report }));
  });
  await new Promise<void>((resolve) => void earlier.listen(path, resolve));
  const remote = await connect();
  expect(await remote.status()).toEqual(report);
  expect(remote.settingsFile).toBeUndefined();
  await new Promise((resolve) => earlier.close(resolve));
});
