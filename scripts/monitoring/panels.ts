/** The kinds of panels that the dashboard has, as Grafana 11 and later read them. */

export interface Query {
  readonly expr: string;
  /** What the series is called in the panel; in a table, its column. */
  readonly name: string;
}

export interface Panel {
  readonly title: string;
  readonly description: string;
  readonly queries: readonly Query[];
  readonly width: number;
  readonly height: number;
  readonly body: object;
}

type Steps = readonly (readonly [from: number | null, colour: string])[];

const SOURCE = { type: "prometheus", uid: "${datasource}" };
const GOOD_BAD: Steps = [
  [null, "green"],
  [1, "red"],
];

/** One number. */
export function stat(
  title: string,
  description: string,
  expr: string,
  { unit = "none", steps = GOOD_BAD }: { readonly unit?: string; readonly steps?: Steps } = {},
): Panel {
  const options = {
    colorMode: "value",
    graphMode: "none",
    reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
    textMode: "auto",
  };
  const defaults = { unit, noValue: "-", thresholds: thresholds(steps) };
  const body = { type: "stat", options, fieldConfig: { defaults, overrides: [] } };
  return { title, description, queries: [{ expr, name: title }], width: 4, height: 4, body };
}

/** Lines over time; what is counted is drawn as bars. */
export function graph(
  title: string,
  description: string,
  queries: readonly Query[],
  { unit = "none", bars = false }: { readonly unit?: string; readonly bars?: boolean } = {},
): Panel {
  const custom = bars
    ? { drawStyle: "bars", fillOpacity: 60, stacking: { mode: "normal", group: "A" } }
    : { drawStyle: "line", lineInterpolation: "stepAfter", fillOpacity: 0, spanNulls: false };
  const options = { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "asc" } };
  const fieldConfig = { defaults: { unit, custom }, overrides: [] };
  return { title, description, queries, width: 12, height: 8, body: { type: "timeseries", options, fieldConfig } };
}

export interface Column {
  readonly name: string;
  readonly unit: string;
  readonly steps?: Steps;
}

/** A line for each set of labels, a column for each query; ordered by the first of them. */
export function table(
  title: string,
  description: string,
  queries: readonly Query[],
  columns: readonly Column[],
  { width = 24, descending = false }: { readonly width?: number; readonly descending?: boolean } = {},
): Panel {
  const renamed = Object.fromEntries(queries.map(({ name }, index) => [`Value #${refId(index)}`, name]));
  const single = queries.length === 1 ? { Value: queries[0]?.name ?? "" } : {};
  const transformations = [
    { id: "merge", options: {} },
    { id: "organize", options: { excludeByName: { Time: true }, renameByName: { ...renamed, ...single } } },
  ];
  const overrides = columns.map(({ name, unit, steps }) => ({
    matcher: { id: "byName", options: name },
    properties: [
      { id: "unit", value: unit },
      ...(steps === undefined
        ? []
        : [
            { id: "thresholds", value: thresholds(steps) },
            { id: "custom.cellOptions", value: { type: "color-text" } },
          ]),
    ],
  }));
  const options = { showHeader: true, sortBy: [{ displayName: queries[0]?.name ?? "", desc: descending }] };
  const body = { type: "table", options, fieldConfig: { defaults: {}, overrides }, transformations };
  return { title, description, queries, width, height: 9, body };
}

/** With its place in the grid. */
export function panelJson(panel: Panel, id: number, x: number, y: number): object {
  const { type } = panel.body as { readonly type: string };
  const instant = type !== "timeseries";
  return {
    id,
    title: panel.title,
    description: panel.description,
    datasource: SOURCE,
    gridPos: { x, y, w: panel.width, h: panel.height },
    ...panel.body,
    targets: panel.queries.map(({ expr, name }, index) => ({
      refId: refId(index),
      datasource: SOURCE,
      editorMode: "code",
      expr,
      legendFormat: name,
      instant,
      range: !instant,
      format: type === "table" ? "table" : "time_series",
    })),
  };
}

export function rowJson(title: string, id: number, y: number): object {
  return { id, title, type: "row", collapsed: false, gridPos: { x: 0, y, w: 24, h: 1 }, panels: [] };
}

function refId(index: number): string {
  return String.fromCharCode("A".charCodeAt(0) + index);
}

function thresholds(steps: Steps): object {
  return { mode: "absolute", steps: steps.map(([value, color]) => ({ color, value })) };
}
