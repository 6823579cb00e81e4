// Progress of an import: on a terminal, one line that is rewritten, with rate and remaining time; elsewhere one line per phase.

import type { WriteStream } from 'node:tty';
import type { Progress } from '../move/import.ts';

const everyMs = 100;
const barWidth = 24;

export class ProgressLine {
  readonly #out: Pick<WriteStream, 'write' | 'isTTY'>;
  readonly #isQuiet: boolean;
  readonly #now: () => number;
  #phase: string | undefined;
  #phaseAt = 0;
  #shownAt = -everyMs;
  #isOpen = false;

  constructor(out: Pick<WriteStream, 'write' | 'isTTY'>, isQuiet: boolean, now: () => number = () => performance.now()) {
    this.#out = out;
    this.#isQuiet = isQuiet;
    this.#now = now;
  }

  show(progress: Progress): void {
    if (this.#isQuiet) return;
    const now = this.#now();
    if (progress.phase !== this.#phase) {
      this.end();
      [this.#phase, this.#phaseAt, this.#shownAt] = [progress.phase, now, now - everyMs];
      if (!this.#out.isTTY) this.#out.write(`${progress.phase} …\n`);
    }
    const isLast = progress.done >= progress.total;
    if (!this.#out.isTTY || (now - this.#shownAt < everyMs && !isLast)) return;
    this.#shownAt = now;
    this.#isOpen = true;
    this.#out.write(`\r\u001B[K${textOf(progress, (now - this.#phaseAt) / 1000)}`);
  }

  /** The next output starts on a new line. */
  end(): void {
    if (this.#isOpen) this.#out.write('\n');
    this.#isOpen = false;
  }
}

function textOf(progress: Progress, seconds: number): string {
  const { phase, done, total, rows } = progress;
  const share = total > 0 ? Math.min(1, done / total) : 0;
  const bar = '#'.repeat(Math.round(share * barWidth)).padEnd(barWidth, '-');
  const percent = `${Math.floor(share * 100)} %`.padStart(5);
  const rate = seconds > 0 ? done / seconds : 0;
  const left = share > 0 && share < 1 && rate > 0 ? `  ${clock((total - done) / rate)} left` : '';
  const amount = phase === 'rows' ? `  ${rows.toLocaleString('en')} rows` : (units[phase]?.(progress) ?? '');
  const speed = !bytePhases.has(phase) || rate === 0 ? '' : `  ${(rate / 1e6).toFixed(1)} MB/s`;
  return `${phase.padEnd(9)} [${bar}] ${percent}${amount}${speed}${rateOf(progress, seconds)}${left}`;
}

const bytePhases: ReadonlySet<string> = new Set(['rows', 'files']);

const units: Partial<Record<Progress['phase'], (progress: Progress) => string>> = {
  backup: ({ done }) => `  ${done.toLocaleString('en')} triples`,
  download: ({ done, total }) => `  ${done.toLocaleString('en')} of ${total.toLocaleString('en')} files`,
  copying: ({ rows, done, total }) => `  ${rows.toLocaleString('en')} rows, ${done} of ${total} namespaces`,
  checking: ({ rows }) => `  ${rows.toLocaleString('en')} rows`,
};

function rateOf({ phase, rows }: Progress, seconds: number): string {
  if ((phase !== 'copying' && phase !== 'checking') || rows === 0 || seconds <= 0) return '';
  return `  ${Math.round(rows / seconds).toLocaleString('en')} rows/s`;
}

function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
