import { describe, expect, it } from "vitest";
import { createdStatus } from "../../src/core/created-status.ts";
import { DAY_MS, NEVER_AT } from "../../src/core/duration.ts";
import { type AcceptedIssue, newToken, type TokenRecord } from "../../src/core/records.ts";
import type { Described } from "../../src/core/state-store.ts";

const NOW = Date.parse("2026-07-01T12:00:00Z");
const about: Described = {
  key: "created:1",
  issuer: "arvados",
  name: "kb",
  comment: null,
  subject: "root",
  roles: ["all"],
};

function issue(expAt: number): AcceptedIssue {
  const rest = { scopes: {}, warnings: [], origin: "minted", acceptedAt: NOW - 100 * DAY_MS } as const;
  return { fingerprint: "0011223344556677", issuerId: "7", startAt: NOW - 100 * DAY_MS, expAt, u: 0, ...rest };
}

function shown(change: Partial<TokenRecord>, described: Partial<Described> = {}): ReturnType<typeof createdStatus> {
  return createdStatus(
    [{ about: { ...about, ...described }, record: { ...newToken("created:1", NOW), ...change }, others: [] }],
    NOW,
  );
}

describe("what create-token made", () => {
  it.each([
    ["live to its last moment", NOW + 1, "live"],
    ["expired from its end on", NOW, "expired"],
    ["shown for 30 days after its end", NOW - 30 * DAY_MS + 1, "expired"],
  ])("is %s", (_, expAt, state) => {
    expect(shown({ desired: issue(expAt) })).toMatchObject([{ state, expiresAt: expAt, user: "root" }]);
  });

  it("is left out after that", () => {
    expect(shown({ desired: issue(NOW - 30 * DAY_MS) })).toEqual([]);
  });

  it("without an end lives, and says no end", () => {
    expect(shown({ desired: issue(NEVER_AT) })).toMatchObject([{ state: "live", expiresAt: null }]);
  });

  it("is unfinished while it was asked for and is not there, and nothing when it was never asked for", () => {
    const wish = { at: NOW, lifetimeMs: null, anew: true };
    expect(shown({ wish })).toMatchObject([{ state: "unfinished", fingerprint: null, expiresAt: null }]);
    expect(shown({})).toEqual([]);
  });

  it("is unfinished, too, while the answer to a later call is in doubt", () => {
    const asked = {
      id: "m",
      kind: "mint",
      cause: "anew",
      baseId: null,
      roles: [],
      lifetimeMs: 1,
      expAt: NOW + 1,
    } as const;
    const times = { sentAt: NOW, settleAt: NOW + 1, lookedAt: null };
    const mint = { ...asked, ...times, chosen: null, known: [], fresh: null, told: null };
    const [status] = shown({ desired: issue(NOW + 1), mint });
    expect(status).toMatchObject({ state: "unfinished", fingerprint: "0011223344556677", expiresAt: NOW + 1 });
  });

  it("is told of every one that lives, not of the newest alone", () => {
    const record = { ...newToken("created:1", NOW), desired: issue(NEVER_AT) };
    const others = [
      { ...issue(NOW + 1), fingerprint: "1111111111111111" },
      { ...issue(NOW), fingerprint: "2222222222222222" },
    ];
    expect(createdStatus([{ about, record, others }], NOW).map(({ fingerprint }) => fingerprint)).toEqual([
      "0011223344556677",
      "1111111111111111",
    ]);
  });

  it("stands in order of issuer, name and comment", () => {
    const record = { ...newToken("created:1", NOW), desired: issue(NEVER_AT) };
    const of = (issuer: string, name: string, comment: string, key: string) => ({
      about: { ...about, issuer, name, comment, key },
      record,
      others: [],
    });
    const all = createdStatus([of("b", "a", "", "1"), of("a", "z", "y", "2"), of("a", "z", "x", "3")], NOW);
    expect(all.map(({ key }) => key)).toEqual(["3", "2", "1"]);
  });
});
