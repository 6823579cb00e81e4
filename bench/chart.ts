// A workload as a picture: one line per subject, size against time, both on a logarithmic scale.

export interface Series {
  readonly name: string;
  /** At each size, or undefined. */
  readonly values: readonly (number | undefined)[];
}

const colours: Readonly<Record<string, string>> = {
  triplane: '#0b6e4f',
  floor: '#8a8a8a',
  instant: '#d1495b',
  tanstack: '#edae49',
  zero: '#2e4057',
  'JSON.parse': '#b8b8b8',
};
const width = 640;
const height = 360;
const left = 70;
const right = 120;
const top = 40;
const bottom = 40;

export function chart(title: string, unit: string, sizes: readonly number[], series: readonly Series[]): string {
  const all = series.flatMap(({ values }) => values.filter((value) => value !== undefined && value > 0)) as number[];
  const low = 10 ** Math.floor(Math.log10(Math.min(...all)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...all)) + 1e-9);
  const steps = Math.max(1, sizes.length - 1);
  const x = (at: number): number => left + ((width - left - right) * at) / steps;
  const y = (value: number): number => {
    const part = (Math.log10(value) - Math.log10(low)) / (Math.log10(high) - Math.log10(low));
    return height - bottom - (height - top - bottom) * part;
  };
  const parts: string[] = [text(left, 22, title, 'font-weight="bold"')];
  for (let line = low; line <= high * 1.001; line *= 10) {
    parts.push(`<path d="M${left} ${round(y(line))}H${width - right}" stroke="#e4e4e4"/>`);
    parts.push(text(left - 6, y(line) + 4, `${Number(line.toPrecision(1))} ${unit}`, 'text-anchor="end"'));
  }
  sizes.forEach((size, at) => parts.push(text(x(at), height - 16, size.toLocaleString('en'), 'text-anchor="middle"')));
  const ends = spread(series.map(({ values }) => y(lastOf(values) ?? low)));
  series.forEach(({ name, values }, at) => {
    const points = values.flatMap((value, place) => (value ? [[round(x(place)), round(y(value))] as const] : []));
    if (points.length === 0) return;
    const colour = colours[name] ?? '#000';
    parts.push(`<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points.map((point) => point.join(',')).join(' ')}"/>`);
    for (const [cx, cy] of points) parts.push(`<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`);
    parts.push(text(width - right + 10, (ends[at] ?? 0) + 4, name, `fill="${colour}"`));
  });
  const style = 'font-family="system-ui, sans-serif" font-size="12"';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ${style}><rect width="100%" height="100%" fill="#fff"/>${parts.join('')}</svg>\n`;
}

function text(x: number, y: number, content: string, more = ''): string {
  return `<text x="${round(x)}" y="${round(y)}" ${more}>${content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`;
}

/** Labels that do not lie on one another. */
function spread(places: readonly number[]): number[] {
  const order = places.map((_, at) => at).sort((a, b) => (places[a] ?? 0) - (places[b] ?? 0));
  const moved = [...places];
  let last = -Infinity;
  for (const at of order) last = moved[at] = Math.max(moved[at] ?? 0, last + 15);
  return moved;
}

const lastOf = (values: readonly (number | undefined)[]): number | undefined => values.filter((value) => value !== undefined).pop();
const round = (value: number): number => Math.round(value * 10) / 10;
