// The same scripts, played by InstantDB's own client in the version that is installed: which faults it shows is on file in
// reference.txt, and this test fails when that changes. What it does well is there too.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { stage } from './platform.ts';
import { scripts } from './scripts.ts';
import { reference } from './sides.ts';

stage.set({});
const side = await reference();
stage.clear();
const lines: string[] = [];

/** What must not change with the machine it runs on. */
const plain = (detail: string): string => detail.replaceAll(/\s+/g, ' ');

beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}));
afterEach(() => stage.clear());

test.each(scripts.map((script) => [script.id, script.title, script] as const))('%s: %s', async (id, title, script) => {
  stage.set(side.server);
  const { isShown, detail } = await script.run(side);
  lines.push(`${id.padEnd(5)}${isShown ? 'shown    ' : 'not shown'}  ${title}\n                ${plain(detail)}`);
});

test('the weaknesses that it shows match the snapshot', async () => {
  const text = `@instantdb/core ${side.version}, with a server that forgets event ids, as InstantDB's does\n\n${lines.join('\n')}\n`;
  await expect(text).toMatchFileSnapshot('reference.txt');
});
