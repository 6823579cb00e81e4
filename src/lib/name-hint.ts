// What was probably meant by a name that does not exist.

/** `did you mean 'required'?`, or the names that there are. */
export function nameHint(unknown: string, known: readonly string[]): string {
  const near = nearest(unknown, known);
  return near === undefined ? `there ${known.length === 1 ? 'is' : 'are'} ${known.join(', ')}` : `did you mean '${near}'?`;
}

/** Undefined if none is near enough to be meant. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const most = Math.max(2, Math.floor(name.length / 3));
  const [best] = known.map((each) => [distance(name.toLowerCase(), each.toLowerCase()), each] as const).sort(([a], [b]) => a - b);
  return best && best[0] <= most ? best[1] : undefined;
}

/** How many letters have to be added, left out or replaced. */
function distance(a: string, b: string): number {
  let before = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let row = 1; row <= a.length; row += 1) {
    const now = [row];
    for (let at = 1; at <= b.length; at += 1) {
      const replaced = (before[at - 1] ?? 0) + (a[row - 1] === b[at - 1] ? 0 : 1);
      now.push(Math.min(replaced, (before[at] ?? 0) + 1, (now[at - 1] ?? 0) + 1));
    }
    before = now;
  }
  return before[b.length] ?? 0;
}
