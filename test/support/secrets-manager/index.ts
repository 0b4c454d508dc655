/**
 * AWS Secrets Manager over HTTP, for tests: the JSON 1.1 protocol of its API reference (POST /, the action in
 * `X-Amz-Target: secretsmanager.<Action>`, an error as `__type` and `Message` with status 400 or 500). Signatures have to be
 * there and are not checked. The contract that its store follows stands in vault.ts; faults are added by tests.
 */
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { AwsFault, Vault, type Input, type Output } from "./vault.ts";

export type Fault =
  /** The connection breaks before anything is done. */
  | { readonly kind: "dropped" }
  /** All is done, the answer is lost. */
  | { readonly kind: "lost" }
  /** No answer ever comes; nothing is done. */
  | { readonly kind: "hang" }
  /** An error of the service (`ThrottlingException`, `AccessDeniedException`, ...); nothing is done. */
  | { readonly kind: "error"; readonly name: string; readonly status?: number; readonly message?: string }
  /** A page of something between us and the service. */
  | { readonly kind: "page"; readonly status: number }
  /** Something happens just before, such as another writer; then the call is answered as usual. */
  | { readonly kind: "before"; readonly run: (vault: Vault) => unknown };

export interface Call {
  readonly action: string;
  readonly input: Input;
}

export interface SecretsManagerFake {
  readonly url: string;
  readonly vault: Vault;
  /** Every call that arrived, oldest first; a test may empty it. */
  readonly calls: Call[];
  /** The next `times` calls of `action` ("*": of any) fare so. Faults of one action are used up in order. */
  fault(action: string, fault: Fault, times?: number): void;
  clearFaults(): void;
  close(): Promise<void>;
}

export async function startSecretsManager(): Promise<SecretsManagerFake> {
  const vault = new Vault();
  const calls: Call[] = [];
  const faults: { action: string; fault: Fault; left: number }[] = [];

  const nextFault = (action: string): Fault | undefined => {
    const found = faults.find((each) => each.left > 0 && (each.action === action || each.action === "*"));
    if (found !== undefined) found.left -= 1;
    return found?.fault;
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const action = /^secretsmanager\.(\w+)$/.exec(String(request.headers["x-amz-target"]))?.[1] ?? "";
      const input = JSON.parse(await bodyOf(request)) as Input;
      calls.push({ action, input });
      const fault = nextFault(action);
      if (fault?.kind === "hang") return;
      if (fault?.kind === "dropped") return void request.socket.destroy();
      if (fault?.kind === "page") return void response.writeHead(fault.status).end("<html>Sign in, please</html>");
      if (fault?.kind === "error") throw new AwsFault(fault.name, fault.message ?? "as the test asked", fault.status);
      if (fault?.kind === "before") await fault.run(vault);
      if (request.headers.authorization === undefined) {
        throw new AwsFault("MissingAuthenticationTokenException", "Missing Authentication Token");
      }
      const output = vault.act(action, input);
      if (fault?.kind === "lost") return void request.socket.destroy();
      answer(response, 200, output);
    } catch (error) {
      const { name, message, status } =
        error instanceof AwsFault ? error : new AwsFault("InternalServiceError", "", 500);
      answer(response, status, { __type: name, Message: message });
    }
  };
  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    vault,
    calls,
    fault: (action, fault, times = 1) => void faults.push({ action, fault, left: times }),
    clearFaults: () => void faults.splice(0),
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function answer(response: ServerResponse, status: number, output: Output): void {
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amzn-requestid": randomUUID() };
  response.writeHead(status, headers).end(JSON.stringify(output));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const chunk of request.setEncoding("utf8")) body += String(chunk);
  return body;
}
