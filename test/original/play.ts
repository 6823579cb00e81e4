// Plays a whole transcript on a fresh app.

import type { Storage } from '../../src/server/storage/storage.ts';
import { type AppUnderTest, startApp } from './app-under-test.ts';
import type { Kind } from './compare.ts';
import { isDifference } from './differences.ts';
import { type Played, Player } from './player.ts';
import { type Step, stepNames, type Transcript } from './transcript.ts';

export interface PlayedStep extends Played {
  readonly name: string;
  readonly step: Step;
}

/** Recordings in which the refreshes of two runs differ. */
const unsteadyFolders = new Set(['live']);

/** `around`: what is put in front of the app. */
export async function playTranscript(
  folder: string,
  transcript: Transcript,
  storage: Storage,
  around = async (app: AppUnderTest): Promise<AppUnderTest> => app,
): Promise<PlayedStep[]> {
  const names = stepNames(transcript.steps);
  const about = transcript.steps.map((step, index) => ({ name: names[index] ?? '', step }));
  let app: AppUnderTest;
  try {
    app = await around(await startApp(storage, transcript));
  } catch (error) {
    const ours = { answer: { failed: (error as Error).message } };
    return about.map((one) => ({ ...one, kind: 'refusal', ours }));
  }
  const player = new Player(app, { byLatestResults: unsteadyFolders.has(folder) });
  try {
    await player.start();
    const played: PlayedStep[] = [];
    for (const one of about) played.push({ ...one, ...(await player.play(one.step)) });
    return played;
  } finally {
    player.end();
    await app.close();
  }
}

/** Name of the step → kind, for the steps that differ. */
export function differencesOf(played: readonly PlayedStep[]): Record<string, Kind> {
  return Object.fromEntries(played.filter(({ kind }) => isDifference(kind)).map(({ name, kind }) => [name, kind]));
}

/** A step with what was asked, what is recorded and what we answer, each cut to that length. */
export function describeStep({ name, kind, step, ours }: PlayedStep, length = 600): string {
  const cut = (value: unknown): string => (JSON.stringify(value) ?? '').slice(0, length);
  const { answer, heard, note, http, as, body, session, say, says, raw, end } = step;
  const lines = [
    `${name}: ${kind}`,
    `  request  ${cut(http === undefined ? { session, say, says, raw, end } : { http, as, body })}`,
    `  recorded ${cut({ answer, heard })}`,
    `  ours     ${cut(ours)}`,
  ];
  return [...lines, ...(note === undefined ? [] : [`  note     ${note}`])].join('\n');
}
