import { Agent, request } from "undici";
import { expect, onTestFinished, test } from "vitest";
import { makeCertificate } from "../support/tls-certificate.ts";
import { PASSWORD, startIssuer } from "./fixture.ts";

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly cookies: ReadonlyMap<string, string>;
}

test("over https a changing call needs a Referer of the same origin, too", async () => {
  const tls = makeCertificate("localhost");
  const { server } = await startIssuer({ tls });
  const dispatcher = new Agent({ connect: { ca: tls.cert, servername: "localhost" } });
  onTestFinished(() => dispatcher.close());
  const post = async (path: string, headers: Record<string, string>, body: unknown): Promise<Reply> => {
    const answer = await request(server.url + path, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...headers },
      body: JSON.stringify(body),
      dispatcher,
    });
    const cookies = [answer.headers["set-cookie"] ?? []].flat().map((each) => each.split(";")[0] ?? "");
    const pairs = cookies.map((each) => [each.slice(0, each.indexOf("=")), each.slice(each.indexOf("=") + 1)] as const);
    return { status: answer.statusCode, text: await answer.body.text(), cookies: new Map(pairs) };
  };

  expect(server.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  const signedIn = await post("/signin", {}, { username: "flowbot", password: PASSWORD });
  expect(signedIn.status).toBe(200);
  const headers = {
    Cookie: `session=${signedIn.cookies.get("session")}`,
    "X-CSRF-Token": signedIn.cookies.get("X-CSRF") ?? "",
  };
  const mint = (extra: Record<string, string>): Promise<Reply> =>
    post("/tokens/tokens/1", { ...headers, ...extra }, { name: "x", roles: [{ name: "reader" }] });
  const elsewhere = server.url.replace(/\d+$/, "1");
  const refused: Record<string, string>[] = [
    {},
    { Referer: elsewhere },
    { Referer: server.url.replace("https:", "http:") },
    { Referer: "no address" },
    { Origin: server.url },
  ];
  for (const extra of refused) {
    const { status, text } = await mint(extra);
    expect([status, text], JSON.stringify(extra)).toEqual([401, "CSRF error"]);
  }
  expect((await mint({ Referer: `${server.url}/` })).status).toBe(200);
  expect((await mint({ Referer: `${server.url}/deeper?in=it` })).status).toBe(200);
});
