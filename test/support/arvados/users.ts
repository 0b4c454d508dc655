import type { Caller } from "./caller.ts";
import type { Endpoint } from "./endpoints.ts";
import { pathNotFound } from "./refusal.ts";
import { randomText } from "./row.ts";

export interface User {
  readonly uuid: string;
  readonly is_admin: boolean;
  readonly is_active: boolean;
}

/** Who there is; root from the beginning. An administrator sees all, everyone else themselves. */
export class Users {
  readonly rootUuid: string;
  readonly #clusterId: string;
  readonly #users: User[] = [];

  constructor(clusterId: string) {
    this.#clusterId = clusterId;
    this.rootUuid = `${clusterId}-tpzed-000000000000000`;
    this.#users.push({ uuid: this.rootUuid, is_admin: true, is_active: true });
  }

  add(is_admin: boolean, is_active: boolean): User {
    const user = { uuid: `${this.#clusterId}-tpzed-${randomText(15)}`, is_admin, is_active };
    this.#users.push(user);
    return user;
  }

  find(uuid: string): User | undefined {
    return this.#users.find((user) => user.uuid === uuid);
  }

  answer(caller: Caller, uuid: string | null): object {
    const visible = this.#users.filter((user) => caller.admin || user.uuid === caller.userUuid);
    if (uuid === null) {
      const items = visible.map(record);
      return { kind: "arvados#userList", items, items_available: items.length, limit: 100, offset: 0 };
    }
    const found = visible.find((user) => user.uuid === (uuid === "current" ? caller.userUuid : uuid));
    if (found === undefined) throw pathNotFound();
    return record(found);
  }
}

function record(user: User): object {
  const { uuid, is_admin, is_active } = user;
  const root = uuid.endsWith("-000000000000000");
  const name = root ? "root" : uuid.slice(-5);
  return { kind: "arvados#user", uuid, is_admin, is_active, username: name, email: `${name}@example.org` };
}

/** What scoped tokens can be tried on: an empty list, or a record that says nothing. */
export function trivialAnswer(endpoint: Endpoint, clusterId: string): object {
  const singular = endpoint.resource.replace(/s$/, "").replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  if (endpoint.uuid === null && endpoint.asked !== "POST") {
    return { kind: `arvados#${singular}List`, items: [], items_available: 0, limit: 100, offset: 0 };
  }
  return { kind: `arvados#${singular}`, uuid: endpoint.uuid ?? `${clusterId}-4zz18-${randomText(15)}` };
}
