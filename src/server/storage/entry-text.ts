// Log entries as text. An entry has as many changes as a transaction makes, a cascade or an import very many: it is written and parsed in
// parts, each on a line of its own, between which others are served. It stays one JSON text: earlier versions read it as any other.

import { parseSteps, sliceItems } from '../slices.ts';
import type { LogEntry } from './storage.ts';

/** A generator: yields where others can be served. */
export function* entryTextSteps(entries: readonly LogEntry[]): Generator<void, string[]> {
  const texts: string[] = [];
  let changes = 0;
  for (const entry of entries) {
    texts.push(entry.changes.length > sliceItems ? yield* longTextSteps(entry) : JSON.stringify(entry));
    changes += entry.changes.length;
    if (changes < sliceItems) continue;
    changes = 0;
    yield;
  }
  return texts;
}

function* longTextSteps({ changes, ...others }: LogEntry): Generator<void, string> {
  let text = `${JSON.stringify(others).slice(0, -1)},"changes":[`;
  for (let at = 0; at < changes.length; at += sliceItems) {
    text += `${at > 0 ? ',' : ''}\n${JSON.stringify(changes.slice(at, at + sliceItems)).slice(1, -1)}`;
    yield;
  }
  return `${text}\n]}`;
}

/** The same the other way round. */
export function* entrySteps(texts: readonly string[]): Generator<void, LogEntry[]> {
  const entries: LogEntry[] = [];
  for (const text of texts) {
    // No text inside of JSON contains a line break.
    const [first = '', ...lines] = text.split('\n');
    if (lines.length < 2) entries.push(...((yield* parseSteps([text])) as LogEntry[]));
    else {
      const parts = lines.slice(0, -1).map((line) => `[${line.endsWith(',') ? line.slice(0, -1) : line}]`);
      const changes = (yield* parseSteps(parts)) as LogEntry['changes'][];
      entries.push({ ...(JSON.parse(`${first}]}`) as LogEntry), changes: changes.flat() });
    }
  }
  return entries;
}
