import { expect, it } from "vitest";
import { isMountPoint } from "../../../src/stores/file/mounts.ts";

// Lines as the kernel writes them (proc(5), /proc/self/mountinfo).
const MOUNTINFO = `22 28 0:21 / /proc rw,nosuid - proc proc rw
741 700 254:1 /host/token /run/secrets/token rw,relatime - ext4 /dev/vda1 rw
742 700 254:1 /host/x /run/my\\040secrets/a\\134b rw,relatime shared:1 - ext4 /dev/vda1 rw
`;

it.each([
  ["/run/secrets/token", true],
  ["/run/my secrets/a\\b", true],
  ["/run/secrets", false],
  ["/run/secrets/token2", false],
  ["/host/token", false],
])("%s is mounted by itself: %s", (path, expected) => expect(isMountPoint(MOUNTINFO, path)).toBe(expected));

it("knows nothing where there is no such table", () => expect(isMountPoint("", "/run/secrets/token")).toBe(false));
