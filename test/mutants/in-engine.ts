/** Faults of the steps, in their order and in what each of them asks for first. */
import type { Mutant } from "./mutant.ts";

export const IN_ENGINE: readonly Mutant[] = [
  {
    name: "delivers-before-recording",
    breaks: [2, 3],
    file: "src/engine/prove.ts",
    text: "  const told = warnings.map(warningText);\n",
    becomes: `  const told = warnings.map(warningText);
  for (const { place } of member.berths) {
    await tenure.call(60_000, async (signal) => {
      const { version } = await place.observe(signal);
      await place.write(text, { version, adopt: false, signal });
    });
  }
`,
    caughtBy: { file: "test/engine/recorded-first.test.ts", named: "no target ever holds what is not recorded" },
    simulated: "named",
  },
  {
    name: "asks-before-recording-the-intent",
    breaks: [2, 4],
    file: "src/engine/ask.ts",
    text: "() => recordIntent(work, mint, secret, decision, started));",
    becomes: "() => (started.at < 0 ? recordIntent(work, mint, secret, decision, started) : Promise.resolve()));",
    caughtBy: {
      file: "test/engine/doubt.test.ts",
      named: "a request that was cut off and acts late is not made twice",
    },
    simulated: "named",
  },
  {
    name: "asks-without-looking",
    breaks: [2, 5],
    file: "src/engine/ask.ts",
    text: "if (await adoptFrom(engine, member, record, tenure, unknown)) return true;",
    becomes: "if (unknown === undefined && (await adoptFrom(engine, member, record, tenure, unknown))) return true;",
    caughtBy: { file: "test/engine/adoption.test.ts", named: "a live token of our name is adopted at the first start" },
    simulated: "named",
  },
  {
    name: "asks-although-paused-meanwhile",
    breaks: [1],
    file: "src/engine/ask.ts",
    text: "pausedUntil(now.pause, engine.clock.now()) === undefined && ",
    becomes: "pausedUntil(null, engine.clock.now()) === undefined && ",
    caughtBy: { file: "test/engine/person.test.ts", named: "a pause between the look and the request is heeded" },
  },
  {
    name: "loses-what-came-after-its-lease",
    breaks: [2],
    file: "src/engine/order.ts",
    text: "await engine.state.stray(token, fresh, answer.token, at);",
    becomes: "at < 0 && (await engine.state.stray(token, fresh, answer.token, at));",
    caughtBy: { file: "test/engine/workers.test.ts", named: "goes to the strays" },
  },
  {
    name: "settles-before-the-call-is-over",
    breaks: [2, 4],
    file: "src/engine/settle.ts",
    text: "const isOver = lookedAt >= mint.settleAt ||",
    becomes: "const isOver = lookedAt >= mint.sentAt ||",
    caughtBy: { file: "test/engine/doubt.test.ts", named: "after a death on a request that acts late" },
  },
  {
    name: "lets-a-target-hold-up-the-mint",
    breaks: [1],
    file: "src/engine/preflight.ts",
    text: "failures.length < member.berths.length)) return;",
    becomes: "failures.length < 0)) return;",
    caughtBy: {
      file: "test/engine/preflight.test.ts",
      named: "when some target could take a token it is minted at once",
    },
  },
  {
    name: "revokes-what-a-target-cannot-replace",
    breaks: [1],
    file: "src/engine/preflight.ts",
    text: "const isRevoking = isInUse &&",
    becomes: "const isRevoking = isInUse && !urgent &&",
    caughtBy: { file: "test/engine/preflight.test.ts", named: "however urgent it is" },
    simulated: "revoking",
  },
  {
    name: "lets-a-target-hold-up-another",
    breaks: [1],
    file: "src/engine/deliver.ts",
    text: "return { declared: berth.declared, record, desired, pause, withdrawn };",
    becomes: `const other = targets.find((each) => each.label !== record.label && each.trouble !== null);
  return { declared: berth.declared, record, desired: other === undefined ? desired : null, pause, withdrawn };`,
    caughtBy: {
      file: "test/engine/renewal.test.ts",
      named: "a dead target holds up neither the minting nor the other",
    },
    simulated: "named",
  },
  {
    name: "adopts-without-proof",
    breaks: [3],
    file: "src/engine/look.ts",
    text: "  return verify(inspection, expectationOf(member, record, { adopting: found }), now);",
    becomes: `  const verdict = verify(inspection, expectationOf(member, record, { adopting: found }), now);
  const { startAt, expAt } = found;
  return verdict.outcome === "reject" ? { outcome: "pass", startAt, expAt, scopes: { runner: [] }, warnings: [] } : verdict;`,
    caughtBy: { file: "test/engine/adoption.test.ts", named: "a listed token that fails verification is foreign" },
    simulated: "named",
  },
  {
    name: "uses-what-failed-its-proof",
    breaks: [3],
    file: "src/engine/prove.ts",
    text: "      return quarantine(work, mint, fresh, verdict);",
    becomes: `      return verdict.claims === null
        ? quarantine(work, mint, fresh, verdict)
        : accept(work, mint, fresh, text, { outcome: "pass", warnings: [], ...verdict.claims }, record.desired?.fingerprint ?? null);`,
    caughtBy: { file: "test/engine/quarantine.test.ts", named: "wrong scopes" },
    simulated: "named",
  },
  {
    name: "takes-a-quarantined-token-for-ours",
    breaks: [3],
    file: "src/engine/stranger.ts",
    text: 'fate === "foreign" || fate === "quarantined" ? null',
    becomes: 'fate === "foreign" ? null',
    caughtBy: { file: "test/engine/quarantine.test.ts", named: "a quarantined token that somebody puts into a target" },
  },
  {
    name: "writes-over-what-is-foreign",
    breaks: [10],
    file: "src/engine/write.ts",
    text: "if (!seen.mayWrite) {",
    becomes: "if (!seen.mayWrite && desired.expAt < 0) {",
    caughtBy: { file: "test/engine/targets.test.ts", named: "a target that holds something foreign is never written" },
  },
  {
    name: "takes-a-foreign-target-for-its-own",
    breaks: [10],
    file: "src/engine/observe.ts",
    text: '(await isOurExpired(work, observation.token)) ? "ours" : "none"',
    becomes: '(await isOurExpired(work, observation.token)) ? "ours" : "ours"',
    caughtBy: { file: "test/engine/targets.test.ts", named: "a target that holds something foreign is never written" },
  },
  {
    name: "writes-although-paused-meanwhile",
    breaks: [],
    file: "src/engine/write.ts",
    text: "if (deliveriesPausedUntil(token.pause, engine.clock.now()) !== undefined) return;",
    becomes: "if (deliveriesPausedUntil(null, engine.clock.now()) !== undefined) return;",
    caughtBy: { file: "test/engine/person.test.ts", named: "a pause between the look at a target and its write" },
  },
  {
    name: "writes-again-for-a-stale-read",
    breaks: [],
    file: "src/engine/write.ts",
    text: "if (now < visibleBy && delivery.at <= now) {",
    becomes: "if (now < visibleBy && delivery.at < 0) {",
    caughtBy: { file: "test/engine/targets.test.ts", named: "is neither a failure nor written again" },
  },
  {
    name: "tells-the-hook-before-the-write-is-seen",
    breaks: [],
    file: "src/engine/write.ts",
    text: 'delivery: { phase: "written", fingerprint, at }, ownership',
    becomes: 'delivery: { phase: "confirmed", fingerprint, at }, ownership',
    caughtBy: { file: "test/engine/recorded-first.test.ts", named: "the hook is told only of what readers see" },
  },
  {
    name: "forgets-the-hook",
    breaks: [],
    file: "src/engine/write.ts",
    text: 'const hookLeft = reload !== null && after === "written";',
    becomes: 'const hookLeft = reload !== null && after === "written" && at < 0;',
    caughtBy: { file: "test/engine/targets.test.ts", named: "the reload hook is told with its key" },
  },
  {
    name: "calls-although-its-clocks-disagree",
    breaks: [4],
    file: "src/engine/tenure.ts",
    text: "if (this.#stop.aborted || !this.#clocksAgree()) throw",
    becomes: "if (this.#stop.aborted) throw",
    caughtBy: { file: "test/engine/workers.test.ts", named: "a worker whose clocks disagree makes no call" },
  },
  {
    name: "goes-on-without-its-lease",
    breaks: [4],
    file: "src/engine/tenure.ts",
    text: "if (!held) throw new LeaseLost(this.job);",
    becomes: "if (held === undefined) throw new LeaseLost(this.job);",
    caughtBy: { file: "test/engine/workers.test.ts", named: "goes to the strays" },
  },
  {
    name: "tells-nobody",
    breaks: [7],
    file: "src/engine/tell.ts",
    text: "if (open.length === 0 && conditions.length === 0) return null;",
    becomes: "if (open.length === 0) return null;",
    caughtBy: { file: "test/engine/incidents.test.ts", named: "a target that never got a token is told of" },
    simulated: "named",
  },
  {
    name: "tells-everything-anew",
    breaks: [5],
    file: "src/engine/tell.ts",
    text: "const open = await engine.state.incidents(subject);",
    becomes: "const open = (await engine.state.incidents(subject)).filter(({ openedAt }) => openedAt < 0);",
    caughtBy: {
      file: "test/engine/incidents.test.ts",
      named: "a restart neither repeats nor forgets an open incident",
    },
  },
];
