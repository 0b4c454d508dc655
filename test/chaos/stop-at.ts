/**
 * Loaded into a daemon before its own code (`--import`). At the step that RENEWD_CHAOS_STOP names, and nowhere else, the
 * process kills itself as `kill -9` does. Whatever a step hangs on is looked for by name and refused when it is not
 * there, so that a changed name is no step that is silently never reached.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import childProcess from "node:child_process";
import fs, { type FileHandle } from "node:fs/promises";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import { syncBuiltinESMExports } from "node:module";
import { fileURLToPath } from "node:url";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { Api } from "../../src/issuers/arvados/api.ts";
import { Session } from "../../src/issuers/flowauth/session.ts";
import { Caller } from "../../src/issuers/http/caller.ts";
import { Client } from "../../src/issuers/oauth2/client.ts";
import { SqlStateStore } from "../../src/state/sql-state-store.ts";
import { SecretPlace } from "../../src/stores/aws-secrets-manager/place.ts";
import { FilePlace } from "../../src/stores/file/place.ts";
import { askedStepOf, targetStepOf, tokenStepOf } from "./recorded-steps.ts";

type Method = (this: unknown, ...args: unknown[]) => unknown;

const armed = process.env["RENEWD_CHAOS_STOP"] ?? "";
/** What a file is touched for. */
const doing = new AsyncLocalStorage<"preflight" | "write">();

stopAround(SqlStateStore.prototype, "enrol", () => "enrolled");
stopAround(SqlStateStore.prototype, "freeLeases", () => "leases freed");
stopAround(SqlStateStore.prototype, "preflight", () => "state preflight");
stopAround(SqlStateStore.prototype, "claim", ([job]) => `${kindOf(job)} claimed`);
stopAround(SqlStateStore.prototype, "release", ([lease]) => `${kindOf((lease as { job: unknown }).job)} released`);
stopAround(SqlStateStore.prototype, "changeToken", ([, , change]) => tokenStepOf(change as object));
stopAround(SqlStateStore.prototype, "changeTarget", ([, , change]) => targetStepOf(change as object));
stopAround(SqlStateStore.prototype, "settle", () => "settled");
stopAround(SqlStateStore.prototype, "rule", ([, , ruling]) => ruledStepOf(ruling));
stopAround(SqlStateStore.prototype, "describe", () => "described");
stopAround(SqlStateStore.prototype, "ask", ([, , change]) => askedStepOf(change as object));
stopAround(Session.prototype, "call", ([call]) => `issuer ${nameOf(call)}`);
stopAround(Api.prototype, "send", ([call]) => `issuer ${nameOf(call)}`);
stopAround(Client.prototype, "send", ([call]) => `issuer ${nameOf(call)}`);
stopAround(Caller.prototype, "call", ([name]) => `issuer ${String(name)}`);
stopAround(FilePlace.prototype, "observe", () => "file observed");
stopAround(FilePlace.prototype, "preflight", () => "file preflight");
stopAround(FilePlace.prototype, "write", () => "file write");
stopAround(SecretPlace.prototype, "observe", () => "secret observed");
stopAround(SecretsManagerClient.prototype, "send", ([command]) => `aws ${(command as object).constructor.name}`);
around(FilePlace.prototype, "preflight", (go) => doing.run("preflight", go));
around(FilePlace.prototype, "write", (go) => doing.run("write", go));
await stopAtFiles();
stopAtHooks();
stopAtOwnIssuer();
syncBuiltinESMExports();

function reached(step: string): void {
  if (step === armed) process.kill(process.pid, "SIGKILL");
}

/** `before:` the step is begun, `after:` it was done and nothing came of it yet. */
function stopAround(target: object, method: string, stepOf: (args: unknown[]) => string | undefined): void {
  around(target, method, async (go, args) => {
    const step = stepOf(args);
    if (step === undefined) return go();
    reached(`before:${step}`);
    const answer = await go();
    reached(`after:${step}`);
    return answer;
  });
}

function around(target: object, method: string, also: (go: () => unknown, args: unknown[]) => unknown): void {
  const original: unknown = Reflect.get(target, method);
  if (typeof original !== "function") throw new TypeError(`there is no ${method} to stop at`);
  const wrapped: Method = function (...args) {
    return also(() => (original as Method).apply(this, args), args);
  };
  Object.defineProperty(target, method, { value: wrapped, configurable: true, writable: true });
}

/** The temporary file of a write, its sync, and what it is renamed to; the one that a preflight makes is a probe. */
async function stopAtFiles(): Promise<void> {
  const own = await fs.open(fileURLToPath(import.meta.url));
  const handles = Object.getPrototypeOf(own) as FileHandle;
  await own.close();
  const names = new WeakMap<object, string>();
  around(fs, "open", async (go, [path]) => {
    const handle = (await go()) as object;
    names.set(handle, String(path));
    return handle;
  });
  const { sync } = handles;
  handles.sync = async function (this: FileHandle) {
    const what = /\.renewd-[0-9a-f]{16}$/.test(names.get(this) ?? "") ? "temporary" : "folder";
    const step = doing.getStore() === "preflight" ? "file probe synced" : `file ${what} synced`;
    reached(`before:${step}`);
    await sync.call(this);
    reached(`after:${step}`);
  };
  stopAround(fs, "rename", ([, to]) => (String(to).endsWith(".prev") ? "file previous renamed" : "file renamed"));
}

function stopAtHooks(): void {
  around(childProcess, "spawn", (go) => {
    reached("before:hook run");
    const child = go() as childProcess.ChildProcess;
    child.prependListener("close", () => reached("after:hook run"));
    return child;
  });
}

/** Where the issuer is served by this very process: it has the request; it has made the token and is about to answer. */
function stopAtOwnIssuer(): void {
  around(http.Server.prototype, "emit", (go, [event, asked, answering]) => {
    const { method, url = "" } = (event === "request" ? asked : {}) as Partial<IncomingMessage>;
    if (method !== "POST" || !url.startsWith("/tokens/tokens/")) return go();
    reached("issuer asked");
    around(answering as ServerResponse, "writeHead", (answer) => {
      reached("issuer answers");
      return answer();
    });
    return go();
  });
}

function nameOf(call: unknown): string {
  return (call as { readonly call: string }).call;
}

function ruledStepOf(ruling: unknown): string | undefined {
  return (ruling as { readonly rule: string }).rule === "give_up" ? "given up" : undefined;
}

function kindOf(job: unknown): "token" | "target" {
  return (job as { readonly target: string | null }).target === null ? "token" : "target";
}
