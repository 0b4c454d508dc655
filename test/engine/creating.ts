/** Calls of `create-token` on the engine, in a world whose clock a test moves. */
import type { Created, CreationOrder, Description } from "../../src/core/control.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import type { RenewdError } from "../../src/core/errors.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { createToken } from "../../src/engine/creation.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { Fleet } from "../../src/engine/fleet.ts";
import { makeWorld, type World, type WorldOptions } from "../support/world.ts";

/** With its own token made and delivered, so that the next request is the one that a test is about. */
export async function readyWorld(options: WorldOptions): Promise<World> {
  const world = await makeWorld(options);
  await world.until(() => world.count("renewal:settled") === 1);
  return world;
}

interface Asked extends Partial<Omit<CreationOrder, "of" | "secret">> {
  readonly comment?: string | null;
  readonly roles?: readonly string[];
  readonly user?: string;
  readonly name?: string;
  readonly secret?: string;
  readonly of?: CreationOrder["of"];
}

function orderOf({
  comment = "for keep-balance",
  roles = ["runner"],
  user,
  name = "made",
  ...rest
}: Asked): CreationOrder {
  const flags = { user: user ?? null, server: null, roles, scopes: [], lifetime: "30d" };
  const of = { kind: "described", issuer: "issuer", name, comment, flags } as const;
  const secret = rest.secret === undefined ? null : new SecretText(rest.secret);
  return { of, expAt: null, reuse: true, superuser: false, ...rest, secret };
}

/** As the application does it, a described token's key is made from all that it is, its comment too. */
function describing(engine: Engine): Engine {
  const fleet = (): Fleet => {
    const all = engine.fleet();
    const describe = (description: Description): ReturnType<Fleet["describe"]> => {
      const member = all.describe(description);
      const key = `created:${member.declared.key}/${description.comment ?? ""}`;
      return { ...member, declared: { ...member.declared, key } };
    };
    return { ...all, describe };
  };
  return { ...engine, fleet };
}

export function begin(world: World, asked: Asked = {}): Promise<Created> {
  const creating = createToken(describing(world.daemon.engine), orderOf(asked), new AbortController().signal);
  creating.catch(() => undefined);
  return creating;
}

/** Some time after what was done before; time goes on until it is done. */
export async function create(world: World, asked: Asked = {}): Promise<Created> {
  await world.run(SECOND_MS);
  const creating = begin(world, asked);
  let isDone = false;
  void creating.catch(() => undefined).finally(() => (isDone = true));
  await world.until(() => isDone, HOUR_MS);
  return creating;
}

export async function failure(world: World, asked: Asked = {}): Promise<RenewdError> {
  return create(world, asked).then(
    () => Promise.reject(new Error("it was no failure")),
    (thrown: RenewdError) => thrown,
  );
}

/** Those that were made at a person's word; the world's own token is another. */
export const made = (world: World): readonly string[] =>
  world.issuer.rows.filter((row) => row.name.startsWith("made")).map((row) => row.text);

export async function cutOff(world: World, asked: Asked = {}): Promise<void> {
  world.issuer.fail("hang", 1);
  const before = world.issuer.count("request");
  void begin(world, asked);
  await world.until(() => world.issuer.count("request") > before, MINUTE_MS);
  world.kill();
  await world.start();
}
