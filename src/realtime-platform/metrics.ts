// Metrics in Prometheus' text format, read into families. https://prometheus.io/docs/instrumenting/exposition_formats/

export interface MetricSample {
  /** With the suffix of a histogram or summary: `latency_bucket`. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly timestamp?: number;
}

export interface MetricFamily {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary' | 'untyped';
  readonly help: string | undefined;
  readonly samples: readonly MetricSample[];
}

/** The text is not in Prometheus' format. */
export class MetricsFormatError extends Error {
  /** From 1. */
  readonly line: number;

  constructor(line: number, message: string) {
    super(`Line ${line} of the metrics: ${message}`);
    this.name = 'MetricsFormatError';
    this.line = line;
  }
}

interface Draft {
  readonly name: string;
  type: MetricFamily['type'];
  help: string | undefined;
  readonly samples: MetricSample[];
}

const types: ReadonlySet<string> = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped']);
const nameThen = /^([a-zA-Z_:][a-zA-Z0-9_:]*)\s*/;

/**
 * Parses metrics.
 *
 * @throws MetricsFormatError with the number of the first line that cannot be read
 */
export function parseMetrics(text: string): MetricFamily[] {
  const families = new Map<string, Draft>();
  const family = (name: string): Draft => {
    const known = families.get(name) ?? { name, type: 'untyped', help: undefined, samples: [] };
    families.set(name, known);
    return known;
  };
  for (const [at, row] of text.split('\n').entries()) {
    const line = row.trim();
    if (line === '') continue;
    if (line.startsWith('#')) readComment(line, family, at + 1);
    else {
      const sample = readSample(line, at + 1);
      family(familyOf(sample.name, families)).samples.push(sample);
    }
  }
  return [...families.values()];
}

function readComment(line: string, family: (name: string) => Draft, at: number): void {
  const [, word, name, rest = ''] = /^#\s*(HELP|TYPE)\s+(\S+)\s*(.*)$/.exec(line) ?? [];
  if (word === undefined || name === undefined) return;
  if (word === 'HELP') family(name).help = rest.replace(/\\(\\|n)/g, (_all, letter: string) => (letter === 'n' ? '\n' : letter));
  else if (types.has(rest)) family(name).type = rest as Draft['type'];
  else throw new MetricsFormatError(at, `'${rest}' is not a metric type`);
}

/** `latency_bucket` belongs to the histogram `latency`. */
function familyOf(name: string, families: ReadonlyMap<string, Draft>): string {
  const base = name.replace(/_(bucket|sum|count)$/, '');
  const type = families.get(base)?.type;
  return base !== name && (type === 'histogram' || type === 'summary') ? base : name;
}

function readSample(line: string, at: number): MetricSample {
  const [head, name] = nameThen.exec(line) ?? [];
  if (head === undefined || name === undefined) throw new MetricsFormatError(at, 'it does not begin with a name');
  const { labels, rest } =
    line[head.length] === '{' ? readLabels(line.slice(head.length + 1), at) : { labels: {}, rest: line.slice(head.length) };
  const [valueText = '', timeText, ...more] = rest.trim().split(/\s+/);
  const [value, timestamp] = [numberOf(valueText), timeText === undefined ? undefined : Number(timeText)];
  if (value === undefined || more.length > 0 || (timestamp !== undefined && !Number.isInteger(timestamp))) {
    throw new MetricsFormatError(at, `'${rest.trim()}' is not a value`);
  }
  return { name, labels, value, ...(timestamp !== undefined && { timestamp }) };
}

function readLabels(text: string, at: number): { labels: Record<string, string>; rest: string } {
  const labels: [name: string, value: string][] = [];
  const label = /\s*(?:([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(,|(?=\}))|\})/y;
  for (;;) {
    const found = label.exec(text);
    if (!found) throw new MetricsFormatError(at, 'its labels cannot be read');
    const [, name, value] = found;
    if (name === undefined || value === undefined) return { labels: Object.fromEntries(labels), rest: text.slice(label.lastIndex) };
    labels.push([name, unescape(value)]);
  }
}

function numberOf(text: string): number | undefined {
  if (/^\+?inf$/i.test(text)) return Infinity;
  if (/^-inf$/i.test(text)) return -Infinity;
  if (/^nan$/i.test(text)) return NaN;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function unescape(text: string): string {
  return text.replace(/\\(\\|n|")/g, (_all, letter: string) => (letter === 'n' ? '\n' : letter));
}
