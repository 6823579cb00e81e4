// The tests of one folder of recordings: one for each transcript, on each storage.

import { expect, test } from 'vitest';

import { onEachStorage } from '../support/storages.ts';
import { permitsMore } from './access.ts';
import { entryOf, isDifference, kindOf, openings, readDifferences, reasonOf, reasons, updated } from './differences.ts';
import { describeStep, differencesOf, playTranscript, type PlayedStep } from './play.ts';
import { readTranscripts, recordedFiles, type Transcript } from './transcript.ts';
import { longWaitMs } from './wait.ts';

const timeoutMs = 120_000;
const mostShown = 5;

/**
 * A transcript passes if the steps that differ are those on the list, each as it is there. After a change that is meant,
 * `npx tsx scripts/recordings.ts update FOLDER` writes the list anew.
 */
export function testRecordings(folder: string): void {
  const listed = readDifferences(folder);

  test(`every difference of ${folder} has a reason`, () => {
    const used = Object.values(listed).flatMap((titles) => Object.values(titles).flatMap((steps) => Object.values(steps).map(reasonOf)));
    expect(Object.keys(reasons())).toEqual(expect.arrayContaining([...new Set(used)]));
  });

  const transcripts = recordedFiles(folder).flatMap((file) => readTranscripts(folder, file).map((transcript) => ({ file, transcript })));
  onEachStorage((fresh) => {
    const play = async (file: string, transcript: Transcript): Promise<void> => {
      const played = await playTranscript(folder, transcript, await fresh());
      const expected = listed[file]?.[transcript.title] ?? {};
      const found = updated(expected, differencesOf(played));
      expect(found, explain(played, expected, found)).toEqual(expected);
      if (folder === 'permissions') expect(unreasonedOpenings(played, expected)).toEqual([]);
    };
    // Most of a transcript is silence that it waits for, so as many are played at a time as `maxConcurrency` allows, of whatever file.
    const [alone, together] = [true, false].map((isAlone) => transcripts.filter(({ transcript }) => movesDate(transcript) === isAlone));
    for (const { file, transcript } of together ?? []) {
      test.concurrent(`${folder}/${file} ${transcript.title}`, { timeout: timeoutMs }, () => play(file, transcript));
    }
    for (const { file, transcript } of alone ?? []) {
      test(`${folder}/${file} ${transcript.title}`, { timeout: timeoutMs }, () => play(file, transcript));
    }
  });
}

const movesDate = ({ steps }: Transcript): boolean => steps.some(({ wait = 0 }) => wait >= longWaitMs);

/**
 * The steps in which ours lets in or shows more than the original, and for which nobody has argued that no stranger comes in. A step listed as
 * unstable differs or not by the ids of the run.
 */
function unreasonedOpenings(played: readonly PlayedStep[], expected: Steps): string[] {
  const argued = openings();
  const isListed = (name: string): boolean => {
    const entry = entryOf(expected, name) ?? '';
    return kindOf(entry) === 'unstable' || Object.hasOwn(argued, reasonOf(entry));
  };
  return played
    .filter(({ kind, step, ours }) => isDifference(kind) && ours !== undefined && permitsMore(step, ours))
    .filter(({ name }) => !isListed(name))
    .map(({ name }) => name);
}

type Steps = Readonly<Record<string, string>>;

function explain(played: readonly PlayedStep[], expected: Steps, found: Steps): string {
  const other = played.filter(({ name }) => entryOf(expected, name) !== entryOf(found, name));
  const shown = other.slice(0, mostShown).map((step) => describeStep(step));
  return [`${other.length} steps are not as listed`, ...shown].join('\n');
}
