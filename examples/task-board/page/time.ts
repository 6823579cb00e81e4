// Elapsed time, in words.

const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const units = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

export function ago(then: number, now: number): string {
  const [unit, ms] = units.find(([, each]) => now - then >= each) ?? [];
  return unit ? words.format(-Math.floor((now - then) / ms), unit) : 'just now';
}
