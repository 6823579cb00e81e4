// Parses JSON lines from a byte stream in batches, with line numbers. Buffers at most one line beyond the current chunk.

import { isUtf8 } from 'node:buffer';
import { invalidArchive } from './archive.ts';

export interface NumberedJson {
  readonly line: number;
  readonly json: unknown;
}

/** Maximum length of a line; longer than any value PostgreSQL can hold. */
const maxLineBytes = 256 * 1024 ** 2;
const newline = 0x0a;

/** `name`: the source's name in errors. */
export async function* readJsonLines(bytes: AsyncIterable<Buffer>, name: string): AsyncGenerator<readonly NumberedJson[]> {
  let line = 0;
  let rest: Buffer[] = [];
  let restBytes = 0;
  const parse = (text: Buffer): NumberedJson[] => {
    if (!isUtf8(text)) throw invalidArchive(`${name}: not UTF-8, in line ${line + 1} or shortly after it`);
    const found: NumberedJson[] = [];
    for (const each of text.toString('utf8').split('\n')) {
      line++;
      if (each.trim() !== '') found.push({ line, json: parseLine(each, name, line) });
    }
    return found;
  };
  for await (const chunk of bytes) {
    const end = chunk.lastIndexOf(newline);
    if (end === -1) {
      rest.push(chunk);
      restBytes += chunk.byteLength;
      if (restBytes > maxLineBytes) throw invalidArchive(`${name}:${line + 1}: the line is longer than ${maxLineBytes} bytes`);
      continue;
    }
    const whole = Buffer.concat([...rest, chunk.subarray(0, end)]);
    rest = [chunk.subarray(end + 1)];
    restBytes = chunk.byteLength - end - 1;
    yield parse(whole);
  }
  if (restBytes > 0) yield parse(Buffer.concat(rest));
}

function parseLine(text: string, name: string, line: number): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw invalidArchive(`${name}:${line}: not JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
