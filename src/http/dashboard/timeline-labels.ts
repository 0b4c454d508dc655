import { WIDTH } from "./timeline.ts";

/** Of a character in the drawing, at most: the page brings no font, so nobody knows. */
const CHARACTER_WIDTH = 8.2;
const GAP = 10;

export interface Label {
  readonly kind: string;
  readonly name: string;
  /** Of what it names. */
  readonly x: number;
}

export interface PlacedLabel extends Label {
  /** Of its middle: it stays inside the drawing. */
  readonly textX: number;
  /** From the top, from 0 on. */
  readonly row: number;
}

/** Each in the first row in which it lies on no other. */
export function placed(labels: readonly Label[]): readonly PlacedLabel[] {
  const ends: number[] = [];
  return labels
    .toSorted((a, b) => a.x - b.x)
    .map((label) => {
      const half = textWidth(label.name) / 2;
      const textX = Math.min(Math.max(label.x, half), WIDTH - half);
      const free = ends.findIndex((end) => end + GAP <= textX - half);
      const row = free === -1 ? ends.length : free;
      ends[row] = textX + half;
      return { ...label, textX, row };
    });
}

export function textWidth(words: string): number {
  return words.length * CHARACTER_WIDTH;
}
