// Repeats copying until the copy equals the source. Namespaces that differ although the source reported no change are loaded again.

import type { Progress } from '../import.ts';
import { type ComparedCopy, compareWithSource, isEqual } from './compare-source.ts';
import type { LiveCopy } from './live-copy.ts';
import type { Mirror } from './mirror.ts';
import type { RemoteApp } from './remote-app.ts';
import type { RemoteFiles } from './remote-files.ts';

export interface SettleConfig {
  readonly app: RemoteApp;
  readonly mirror: Mirror;
  readonly copy: LiveCopy;
  readonly files: RemoteFiles;
  readonly progress: (progress: Progress) => void;
}

export interface Settled {
  readonly isSame: boolean;
  readonly namespaces: readonly ComparedCopy[];
}

/** Limits the attempts: a source that is written to constantly never equals its copy. */
const rounds = 6;
const betweenRoundsMs = 500;

/** Rejects with TriplaneError `unreachable` if the source stays unreachable. */
export async function settle(config: SettleConfig): Promise<Settled> {
  const { app, copy } = config;
  for (let round = 1; ; round++) {
    await step(config);
    const changes = copy.changes;
    const namespaces = await compareAll(config);
    const differing = namespaces.filter((each) => !isEqual(each));
    if (differing.length === 0) return { isSame: true, namespaces };
    if (round === rounds) return { isSame: false, namespaces };
    // Link changes are not pushed, so the first difference may be one of them; links are read in the next step.
    if (round > 1 && copy.changes === changes) for (const { etype } of differing) copy.distrust(etype);
    await app.wait(betweenRoundsMs);
  }
}

/** Copies everything missing. Returns whether links or files changed, which the source does not push. */
export async function step({ copy, files }: SettleConfig): Promise<boolean> {
  await copy.catchUp();
  const isLinked = await copy.readLinks();
  return (await files.fetch()) > 0 || isLinked;
}

async function compareAll({ app, mirror, copy, progress }: SettleConfig): Promise<ComparedCopy[]> {
  const { etypes } = copy;
  const total = etypes.reduce((sum, etype) => sum + mirror.count(etype), 0);
  let rows = 0;
  const compared: ComparedCopy[] = [];
  for (const etype of etypes) {
    const result = await compareWithSource({ app, mirror }, etype, (count) =>
      progress({ phase: 'checking', done: (rows += count), total, rows }),
    );
    if (result.source.rows > 0 || result.copy.rows > 0) compared.push(result);
  }
  return compared;
}
