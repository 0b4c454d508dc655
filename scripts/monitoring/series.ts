/** Series as promtool reads them, one sample a minute, over a token's life that is short enough to be told in minutes. */
import { type MetricName, PREFIX } from "../../src/http/metric-list.ts";

/** A value for so many minutes (which may rise by a step each), or nothing. */
export type Segment = readonly [minutes: number, value: number | null, step?: number];

export interface Series {
  readonly series: string;
  readonly values: string;
}

export type World = ReadonlyMap<string, readonly Segment[]>;

export const JOB = { job: "renewd", instance: "a:8080" };
const LIFE_MIN = 24 * 60;
/** From the start of a token: when its renewal is planned, and its deadline. */
export const RENEWAL_MIN = 900;
export const DEADLINE_MIN = 1_260;
/** Longer than any case. */
const EVER_MIN = 20_000;

const ALWAYS = (value: number): readonly Segment[] => [[EVER_MIN, value]];
const TOKEN = { token: "airflow" };
const TARGET = { ...TOKEN, target: "ireland" };

/** What is known of a token and its target while it is the newest one and delivered. */
export interface Issue {
  /** For so many minutes it is the newest. */
  readonly minutes: number;
  /** When it began. */
  readonly startMin: number;
  /** After so many of these minutes the target has it. */
  readonly deliveredMin: number;
}

/** A daemon that is well, with a token that begins at 0 and is not renewed. */
export function well(over: World = new Map()): World {
  return new Map([...daemon(), ...token([{ minutes: EVER_MIN, startMin: 0, deliveredMin: 0 }]), ...over]);
}

export function daemon(instance: Readonly<Record<string, string>> = JOB): World {
  return new Map([
    [of("build_info", { version: "1.0.0", node: "24.0.0" }, instance), ALWAYS(1)],
    [of("last_sweep_timestamp_seconds", {}, instance), [[EVER_MIN, 0, 60]]],
    [of("sweep_lag_seconds", {}, instance), ALWAYS(12)],
    [of("settings_last_reload_successful", {}, instance), ALWAYS(1)],
    [of("service_failures", { kind: "issuer", service: "flowauth" }, instance), ALWAYS(0)],
    [of("service_failures", { kind: "store", service: "aws" }, instance), ALWAYS(0)],
    [of("channel_failures", { channel: "pager" }, instance), ALWAYS(0)],
    [of("channel_failures", { channel: "mail" }, instance), ALWAYS(0)],
    [of("token_failures", TOKEN, instance), ALWAYS(0)],
    [of("target_failures", TARGET, instance), ALWAYS(0)],
    [of("renewals_total", { ...TOKEN, result: "failed" }, instance), [[EVER_MIN, 0, 1]]],
  ]);
}

/** The token's times over one issue after the other. */
export function token(issues: readonly Issue[], instance: Readonly<Record<string, string>> = JOB): World {
  const newest = (offsetMin: number): readonly Segment[] =>
    issues.map(({ minutes, startMin }) => [minutes, (startMin + offsetMin) * 60]);
  const held = (offsetMin: number): readonly Segment[] =>
    issues.flatMap(({ minutes, startMin, deliveredMin }, index): readonly Segment[] => {
      const before = issues[index - 1];
      const old = before === undefined ? null : (before.startMin + offsetMin) * 60;
      const late: Segment = [deliveredMin, old];
      const fresh: Segment = [minutes - deliveredMin, (startMin + offsetMin) * 60];
      return [late, fresh].filter(([length]) => length > 0);
    });
  return new Map([
    [of("issued_token_start_timestamp_seconds", TOKEN, instance), newest(0)],
    [of("issued_token_expiration_timestamp_seconds", TOKEN, instance), newest(LIFE_MIN)],
    [of("token_renewal_timestamp_seconds", TOKEN, instance), newest(RENEWAL_MIN)],
    [of("token_deadline_timestamp_seconds", TOKEN, instance), held(DEADLINE_MIN)],
    [of("target_deadline_timestamp_seconds", TARGET, instance), held(DEADLINE_MIN)],
    [of("token_expiration_timestamp_seconds", TOKEN, instance), held(LIFE_MIN)],
    [of("target_token_expiration_timestamp_seconds", TARGET, instance), held(LIFE_MIN)],
  ]);
}

/** One series. */
export function of(
  name: MetricName,
  labels: Readonly<Record<string, string>> = {},
  instance: Readonly<Record<string, string>> = JOB,
): string {
  return `${PREFIX}${name}${matchersOf({ ...labels, ...instance })}`;
}

export function matchersOf(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(", ")}}`;
}

/** All that a daemon says ends at a minute, and goes on at another where one is given. */
export function silent(world: World, fromMin: number, untilMin?: number): World {
  return new Map(
    [...world].map(([name, segments]) => {
      const before = cut(segments, 0, fromMin);
      if (untilMin === undefined) return [name, [...before, [EVER_MIN, null]]];
      const gap: Segment = [untilMin - fromMin, null];
      return [name, [...before, gap, ...cut(segments, untilMin, EVER_MIN)]];
    }),
  );
}

function cut(segments: readonly Segment[], fromMin: number, untilMin: number): readonly Segment[] {
  let at = 0;
  return segments.flatMap(([minutes, value, step = 0]): readonly Segment[] => {
    const start = at;
    at += minutes;
    const from = Math.max(start, fromMin);
    const length = Math.min(at, untilMin) - from;
    if (length <= 0) return [];
    return [[length, value === null ? null : value + step * (from - start), step]];
  });
}

/** For promtool, up to a minute. */
export function seriesOf(world: World, untilMin: number): readonly Series[] {
  return [...world].map(([series, segments]) => ({ series, values: valuesOf(cut(segments, 0, untilMin + 1)) }));
}

function valuesOf(segments: readonly Segment[]): string {
  const texts = segments.map(([minutes, value, step = 0]) =>
    value === null ? missing(minutes) : `${value}+${step}x${minutes - 1}`,
  );
  return texts.length === 0 ? "_" : texts.join(" ");
}

/** A scrape that fails, or that no longer has the series, ends it at once. */
function missing(minutes: number): string {
  return minutes === 1 ? "stale" : `stale _x${minutes - 1}`;
}
