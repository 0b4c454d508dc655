/** What can go wrong with a token, brought about for real, and what is told of it. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { makeSigningKey, signToken } from "../support/flowauth/jwt.ts";
import { type Fleet, secretAtAws, type Ship } from "./alerts-fleet.ts";

/** One thing that goes wrong, and what is told of it. */
export interface Case extends Ship {
  readonly reason: string;
  /** What it concerns beside the token; "" for the token as a whole. */
  readonly target?: string;
  readonly why: RegExp;
  readonly you: RegExp;
  /** Goes wrong before the token is declared. */
  readonly before?: (fleet: Fleet) => Promise<unknown> | void;
  /** Goes wrong once the token is in use. */
  readonly during?: (fleet: Fleet) => Promise<unknown> | void;
  readonly mend: (fleet: Fleet) => Promise<unknown> | void;
}

const role = (fleet: Fleet, token: string, name: string) => {
  const found = fleet.issuer(token).roles.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no role ${name}`);
  return found;
};
const renewed = (token: string) => async (fleet: Fleet) => fleet.act(`${token}/renew`);

export const CASES: readonly Case[] = [
  {
    token: "refused",
    reason: "issuer_failing",
    why: /Failed \d times since .*\(issuer_unreachable\)/,
    you: /url, DNS, proxy and firewall/,
    during: (fleet) => fleet.relay("refused").stop(),
    mend: async (fleet) => (await fleet.relay("refused").start(), renewed("refused")(fleet)),
  },
  {
    token: "errors",
    reason: "issuer_failing",
    why: /Failed \d times since .*500.*\(issuer_error\)/,
    you: /look at its logs/,
    during: (fleet) => fleet.relay("errors").break(),
    mend: async (fleet) => (await fleet.relay("errors").start(), renewed("errors")(fleet)),
  },
  {
    token: "password",
    reason: "issuer_failing",
    why: /\(sign_in_refused\)/,
    you: /correct it, then `renewd renew password`/,
    during: (fleet) => {
      fleet.issuer("password").account.password = "changed by somebody";
      fleet.issuer("password").endSessions();
    },
    mend: async (fleet) => {
      fleet.issuer("password").account.password = fleet.issuer("errors").account.password;
      await renewed("password")(fleet);
    },
  },
  {
    token: "roles",
    reason: "roles_lost",
    why: /runner.*\(roles_not_held\)/,
    you: /have them assigned again at the issuer/,
    before: (fleet) => void (role(fleet, "roles", "runner").held = false),
    mend: async (fleet) => {
      role(fleet, "roles", "runner").held = true;
      await renewed("roles")(fleet);
    },
  },
  {
    token: "capped",
    reason: "lifetime_capped",
    why: /Asked for 4 min, issued 2 min/,
    you: /Lower `request.lifetime`, or have the limits/,
    before: (fleet) => void (role(fleet, "capped", "viewer").longestMinutes = 3),
    mend: async (fleet) => {
      role(fleet, "capped", "viewer").longestMinutes = 43_200;
      await renewed("capped")(fleet);
    },
  },
  {
    token: "stuck",
    reason: "no_progress",
    why: /no longer than the token in use.*\(no_progress\)/,
    you: /look for a latest expiry/,
    during: (fleet) => void (role(fleet, "stuck", "viewer").latestAt = fleet.issuer("stuck").rows[0]?.expAt ?? null),
    mend: async (fleet) => {
      role(fleet, "stuck", "viewer").latestAt = null;
      await renewed("stuck")(fleet);
    },
  },
  {
    token: "forged",
    reason: "quarantined",
    why: /is quarantined: .*\(signature\)\. The old one stays in use\./,
    you: /`renewd discard forged`/,
    during: async (fleet) => fleet.issuer("forged").script("renew", await forgery()),
    mend: renewed("forged"),
  },
  {
    token: "scopes",
    reason: "quarantined",
    why: /is quarantined: it lacks .*runner:run.*\(scopes\)/,
    you: /`renewd accept scopes`/,
    during: (fleet) => void ((role(fleet, "scopes", "runner").scopes as string[]) = ["get_result"]),
    mend: async (fleet) => {
      (role(fleet, "scopes", "runner").scopes as string[]) = ["run", "get_result"];
      await renewed("scopes")(fleet);
    },
  },
  {
    token: "denied",
    aws: true,
    reason: "target_failing",
    target: "ireland",
    team: "flight",
    why: /A new one was made and verified at .*\(store_denied\)/,
    you: /grant or mend what the message names/,
    during: (fleet) => {
      fleet.aws.fault("PutSecretValue", { kind: "error", name: "AccessDeniedException" }, 1_000);
    },
    mend: async (fleet) => {
      fleet.aws.clearFaults();
      await renewed("denied")(fleet);
    },
  },
  {
    token: "drifted",
    aws: true,
    reason: "drift",
    target: "ireland",
    why: /Somebody else wrote it \(seen /,
    you: /Find the other writer/,
    during: (fleet) => {
      fleet.aws.fault("PutSecretValue", { kind: "error", name: "AccessDeniedException" }, 1_000);
      const [SecretId, ClientRequestToken] = [secretAtAws("drifted"), "somebody-else-".repeat(3)];
      fleet.aws.vault.act("PutSecretValue", { SecretId, ClientRequestToken, SecretString: "somebody else's" });
    },
    mend: renewed("drifted"),
  },
  {
    token: "stranger",
    reason: "not_owned",
    target: "reader",
    team: "flight",
    why: /holds a value that is not ours/,
    you: /`renewd adopt stranger reader`/,
    before: async ({ place }) => {
      await mkdir(dirname(place.target), { recursive: true });
      await writeFile(place.path("var/secrets/stranger"), "somebody else's");
    },
    mend: (fleet) => fleet.act("stranger/targets/reader/adopt"),
  },
  {
    token: "absent",
    absent: true,
    reason: "token_absent",
    why: /\(token_absent\)/,
    you: /make one by hand|`create: true`/,
    mend: async (fleet) => {
      await fleet.addRow("absent", "slow");
      await renewed("absent")(fleet);
    },
  },
  {
    token: "late",
    tempo: "quick",
    team: "flight",
    reason: "late",
    why: /Not renewed yet; it was to be by/,
    you: /url, DNS, proxy and firewall/,
    during: (fleet) => fleet.relay("late").stop(),
    mend: async (fleet) => (await fleet.relay("late").start(), renewed("late")(fleet)),
  },
  {
    token: "paused",
    tempo: "quick",
    reason: "paused_past_deadline",
    why: /no reader gets a token that lives long enough.* It is paused\./,
    you: /`renewd resume paused`/,
    during: (fleet) => fleet.act("paused/pause"),
    mend: (fleet) => fleet.act("paused/resume"),
  },
];

async function forgery() {
  const [subject, audience, issuedAt] = ["flowbot", "flowapi-prod", Date.now()];
  const scopes = { runner: ["get_result", "run"], viewer: ["get_result"] };
  const token = await signToken(makeSigningKey(), { subject, audience, issuedAt, expAt: issuedAt + 240_000, scopes });
  return { status: 200, json: { id: 900, token } };
}
