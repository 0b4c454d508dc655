import { expect, it } from "vitest";
import { isLoopback } from "../../src/core/loopback.ts";

it.each(["http://localhost:1", "http://127.0.0.1", "http://127.9.9.9", "http://[::1]:80", "smtp://[::1]"])(
  "%s is this machine",
  (url) => expect(isLoopback(new URL(url).hostname)).toBe(true),
);

it.each([
  "http://localhost.example.org",
  "http://128.0.0.1",
  "http://127.0.0.1.example.org",
  "http://[::2]",
  "http://h",
])("%s is another", (url) => expect(isLoopback(new URL(url).hostname)).toBe(false));
