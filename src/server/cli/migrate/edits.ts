// Edits of a text: applied, and shown as a unified diff.

export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Edits must not overlap. */
export function applyEdits(source: string, edits: readonly Edit[]): string {
  const sorted = [...edits].sort((a, b) => b.start - a.start);
  return sorted.reduce((text, { start, end, text: put }) => text.slice(0, start) + put + text.slice(end), source);
}

export const lineOf = (source: string, at: number): number => source.slice(0, at).split('\n').length;

/** Without context lines. */
export function diffOf(path: string, source: string, edits: readonly Edit[]): string {
  const lines = [`--- ${path}`, `+++ ${path}`];
  let shift = 0;
  for (const hunk of hunksOf(source, edits)) {
    const start = source.lastIndexOf('\n', hunk.start - 1) + 1;
    const newline = source.indexOf('\n', hunk.end);
    const end = newline === -1 ? source.length : newline;
    const before = source.slice(start, end).split('\n');
    const moved = hunk.edits.map((edit) => ({ ...edit, start: edit.start - start, end: edit.end - start }));
    const after = applyEdits(source.slice(start, end), moved).split('\n');
    const line = lineOf(source, start);
    lines.push(`@@ -${line},${before.length} +${line + shift},${after.length} @@`);
    lines.push(...before.map((text) => `-${text}`), ...after.map((text) => `+${text}`));
    shift += after.length - before.length;
  }
  return lines.join('\n');
}

interface Hunk {
  readonly start: number;
  readonly end: number;
  readonly edits: readonly Edit[];
}

/** Edits that touch the same lines form one hunk. */
function hunksOf(source: string, edits: readonly Edit[]): Hunk[] {
  const hunks: Hunk[] = [];
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    const last = hunks.at(-1);
    const isSame = last && !source.slice(last.end, edit.start).includes('\n');
    if (isSame) hunks[hunks.length - 1] = { start: last.start, end: edit.end, edits: [...last.edits, edit] };
    else hunks.push({ start: edit.start, end: edit.end, edits: [edit] });
  }
  return hunks;
}
