// How the demo looks in a terminal: headings, lines with the time at which something happened, a bar. Colours and the moving bar are for
// people: in a pipe there are neither.

import { performance } from 'node:perf_hooks';

const isTerminal = process.stdout.isTTY === true;
const hasColours = isTerminal && !process.env['NO_COLOR'];

const paint = (code: number) => (text: string) => (hasColours ? `\x1b[${code}m${text}\x1b[0m` : text);

export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);
export const cyan = paint(36);

export function print(text = ''): void {
  process.stdout.write(text === '' ? '\n' : `  ${text}\n`);
}

export function printFact(name: string, text: string): void {
  print(`${dim(name.padEnd(10))} ${text}`);
}

/** A bar that fills up; in a pipe, its first and last state. */
export function bar(name: string): (done: number, of: number) => void {
  const start = performance.now();
  return (done, of) => {
    const isLast = done === of;
    if (!isTerminal && done > 0 && !isLast) return;
    const filled = Math.round((24 * done) / of);
    const text = `  ${dim(name.padEnd(10))} ${cyan('█'.repeat(filled))}${dim('░'.repeat(24 - filled))} ${done} of ${of} films`;
    const end = isLast ? `  ${dim(duration(performance.now() - start))}\n` : isTerminal ? '' : '\n';
    process.stdout.write(`${isTerminal ? '\r' : ''}${text}${end}`);
  };
}

/** A heading, and a watch that starts with it: each line gets the time since then. */
export class Scene {
  static #count = 0;
  #start = 0;

  constructor(title: string) {
    Scene.#count += 1;
    print();
    print(`${bold(String(Scene.#count))}  ${bold(title)}`);
    this.restart();
  }

  restart(): void {
    this.#start = performance.now();
  }

  at(who: string, what: string): void {
    print(`   ${dim(duration(performance.now() - this.#start).padStart(8))}  ${who.padEnd(7)} ${what}`);
  }

  note(text: string): void {
    print(`   ${' '.repeat(8)}  ${text}`);
  }
}

export function duration(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`;
}

export const stars = (count: number): string => `${'★'.repeat(count)}${'☆'.repeat(5 - count)}`;
