// The script of browser/killed-tab.ts, played by InstantDB's own client in the version that is installed, in real tabs. What it does is on
// file in tabs.txt, and told anew by `TABS_REPORT=1 npx vitest run test/interop/reference-weaknesses/tabs.test.ts`. It is a report: whatever
// is lost or done twice, only a script that could not be played to its end fails.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { version } from '@instantdb/core';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { appId, type Ending, everything, killedInFlight, killedOffline, onStage, type Stage, titlesOf } from '../../browser/killed-tab.ts';
import { launchBrowser } from '../../support/browser.ts';

/** The package as it is. What it keeps is written at its own pace, for which it is given time. */
const source = (keepMs: number): string => `
  import { init, id } from '@instantdb/core';
  const apiURI = new URLSearchParams(location.search).get('api');
  const websocketURI = apiURI.replace('http', 'ws') + '/runtime/session';
  const db = init({ appId: '${appId}', apiURI, websocketURI, devtool: false });
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  let seen = { titles: [], source: undefined };
  let status = 'connecting';
  db.subscribeConnectionStatus((news) => { status = news; });
  db.subscribeQuery({ goals: {} }, ({ data }) => {
    if (data) seen = { titles: data.goals.map(({ title }) => title).sort(), source: undefined };
  });
  window.app = {
    signIn: (token) => db.auth.signInWithToken(token),
    write: async (title) => {
      const told = db.transact(db.tx.goals[id()].update({ title })).catch((error) => String(error));
      await (status === 'authenticated' ? pause(0) : told);
      await pause(${keepMs});
    },
    seen: () => seen,
    waiting: () => undefined,
    status: () => status,
    hasStored: () => pause(1500).then(() => true),
  };
`;

let browser: Browser;
const lines: string[] = [];
beforeAll(async () => void (browser = await launchBrowser()), 700_000);
afterAll(() => browser.close());

function verdict({ rows, commits, shown, offline }: Ending): string[] {
  const written = everything.filter((title) => !title.endsWith('seed'));
  const lost = written.filter((title) => !rows.includes(title));
  const doubled = written.filter((title) => commits.filter((other) => other === title).length > 1);
  const inOrder = (['a', 'b'] as const).every((who) => {
    const own = [...new Set(commits)].filter((title) => title.startsWith(`title ${who}`));
    return JSON.stringify(own) === JSON.stringify(titlesOf(who).filter((title) => own.includes(title)));
  });
  const names = (titles: readonly string[]): string => titles.map((title) => title.replace('title ', '')).join(' ') || 'none';
  const phantoms = shown.map((titles) => titles.filter((title) => !rows.includes(title)));
  return [
    `lost      ${lost.length} of ${written.length}: ${names(lost)}`,
    `twice     ${doubled.length} of ${written.length}: ${names(doubled)}`,
    `order     ${inOrder ? 'kept in each tab' : `not kept: ${names(commits)}`}`,
    `shown     ${shown.map((titles) => `${titles.length} of ${rows.length} rows`).join(', ')}; not on the server: ${phantoms.map(names).join(', ')}`,
    ...(offline.length > 0 ? [`offline   ${offline.map(({ titles }) => `${titles.length} of ${everything.length} rows`).join(', ')}`] : []),
  ];
}

interface Act {
  readonly title: string;
  readonly script: (stage: Stage) => Promise<Ending>;
  readonly isForgetful: boolean;
  readonly keepMs: number;
}

/** At a server that does not remember event ids, as InstantDB's, and at ours, which does; killed at once, or when it has had time to keep them. */
const acts: readonly Act[] = [
  { title: 'both write offline, and one is killed', script: killedOffline, isForgetful: true, keepMs: 0 },
  { title: 'the same, half a second after each write', script: killedOffline, isForgetful: false, keepMs: 500 },
  { title: 'one is killed when the server has done what both wrote', script: killedInFlight, isForgetful: true, keepMs: 500 },
];

test.each(acts)('$title', { timeout: 120_000 }, async ({ title, script, isForgetful, keepMs }) => {
  const ending = await onStage(browser, { source: source(keepMs), isForgetful, patienceMs: 10_000 }, (stage) => script(stage));
  const server = isForgetful ? 'a server that forgets event ids, as InstantDB’s does' : 'a server that remembers event ids';
  lines.push(`${title} (${server})\n${verdict(ending).map((line) => `    ${line}\n`).join('')}`); // prettier-ignore
  expect(ending.rows).toContain(everything.at(-1));
});

test('the report has one line per act', () => {
  const text = `@instantdb/core ${version}, two tabs of one user in Chromium ${browser.version().split('.')[0]}, 5 writes each in turns\n\n${lines.join('\n')}`;
  if (process.env['TABS_REPORT']) writeFileSync(join(import.meta.dirname, 'tabs.txt'), text);
  expect(lines).toHaveLength(acts.length);
});
