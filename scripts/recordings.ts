// The recordings of the original server beside ours: shows where they differ, and writes the lists of differences.
//
//   npx tsx scripts/recordings.ts show queries/where -t 'some title or step' --kind value   what differs, with requests and answers
//   npx tsx scripts/recordings.ts update queries transactions/tx-ids                        writes the list anew: mended steps leave it
//   npx tsx scripts/recordings.ts keep REASON queries/pages -t 'some step'                  gives listed steps that reason
//   npx tsx scripts/recordings.ts count                                                     differences by folder, kind and reason
//   npx tsx scripts/recordings.ts document                                              writes the reasons into docs/differences.md
//   npx tsx scripts/recordings.ts pack DIRECTORY queries live                               packs folders of recordings from JSON files

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import {
  type Differences,
  entryOf,
  isDifference,
  kindOf,
  listedFolders,
  readDifferences,
  reasonOf,
  reasons,
  documentReasons,
  updated,
  writeDifferences,
} from '../test/original/differences.ts';
import { describeStep, differencesOf, type PlayedStep, playTranscript } from '../test/original/play.ts';
import { packRecording, readTranscripts, recordedFiles, type Transcript } from '../test/original/transcript.ts';
import { longWaitMs } from '../test/original/wait.ts';
import { storageSources } from '../test/support/storages.ts';

const atOnce = 6;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    text: { type: 'string', short: 't', default: '' },
    kind: { type: 'string' },
    reason: { type: 'string' },
    storage: { type: 'string', default: 'memory' },
    length: { type: 'string', default: '600' },
  },
});
const [command, ...rest] = positionals;

interface Played {
  readonly folder: string;
  readonly file: string;
  readonly title: string;
  readonly steps: readonly PlayedStep[];
}

/** Plays what `folder` or `folder/file` names, several transcripts at a time. */
async function play(names: readonly string[], isWanted: (transcript: Transcript) => boolean = () => true): Promise<Played[]> {
  const source = await storageSources[options.storage]?.();
  if (!source) throw new Error(`--storage is one of ${Object.keys(storageSources).join(', ')}`);
  const transcripts = names.flatMap(filesOf).flatMap(([folder, file]) => {
    return readTranscripts(folder, file).map((transcript) => ({ folder, file, transcript }));
  });
  const wanted = transcripts.filter(({ transcript }) => isWanted(transcript));
  const isLong = ({ transcript }: (typeof wanted)[number]): boolean => transcript.steps.some(({ wait = 0 }) => wait >= longWaitMs);
  const played = new Map<number, Played>();
  const playNext = async (queue: (typeof wanted)[number][]): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const { folder, file, transcript } = next;
      const steps = await playTranscript(folder, transcript, await source.fresh());
      played.set(wanted.indexOf(next), { folder, file, title: transcript.title, steps });
    }
  };
  const queue = wanted.filter((one) => !isLong(one));
  await Promise.all(Array.from({ length: atOnce }, () => playNext(queue)));
  await playNext(wanted.filter(isLong));
  await source.stop();
  return [...played].sort(([a], [b]) => a - b).map(([, one]) => one);
}

function filesOf(name: string): [folder: string, file: string][] {
  const [folder = '', file] = name.split('/');
  return (file === undefined ? recordedFiles(folder) : [file]).map((one) => [folder, one]);
}

const stepHasText = (step: { name?: string }, title: string): boolean => `${title} ${step.name ?? ''}`.includes(options.text);

async function show(names: readonly string[]): Promise<void> {
  const played = await play(names, ({ title, steps }) => steps.some((step) => stepHasText(step, title)));
  for (const { folder, file, title, steps } of played) {
    const listed = readDifferences(folder)[file]?.[title] ?? {};
    for (const one of steps) {
      if (options.kind === undefined ? !isDifference(one.kind) : one.kind !== options.kind) continue;
      const reason = reasonOf(entryOf(listed, one.name) ?? `${one.kind} new`);
      if (!stepHasText(one, title) || (options.reason !== undefined && options.reason !== reason)) continue;
      console.log(`\n${folder}/${file} › ${title} › ${describeStep(one, Number(options.length))}\n  listed   ${reason}`);
    }
  }
  countPlayed(played);
}

function countPlayed(played: readonly Played[]): void {
  const counts: Record<string, number> = {};
  for (const { kind } of played.flatMap(({ steps }) => steps)) counts[kind] = (counts[kind] ?? 0) + 1;
  console.log(JSON.stringify(counts));
}

async function update(names: readonly string[]): Promise<void> {
  const played = await play(names);
  for (const folder of new Set(played.map((one) => one.folder))) {
    const differences = readDifferences(folder);
    for (const { file, title, steps } of played.filter((one) => one.folder === folder)) {
      const titles = (differences[file] ??= {});
      titles[title] = updated(titles[title] ?? {}, differencesOf(steps));
    }
    writeDifferences(folder, differences);
  }
  countPlayed(played);
}

function keep([reason = '', ...names]: readonly string[]): void {
  if (!(reason in reasons())) throw new Error(`No reason '${reason}' in test/original/differences/reasons.json`);
  let kept = 0;
  for (const [folder, file] of names.flatMap(filesOf)) {
    const differences: Differences = readDifferences(folder);
    for (const [title, steps] of Object.entries(differences[file] ?? {})) {
      for (const [name, entry] of Object.entries(steps)) {
        if (!`${title} ${name}`.includes(options.text) || (options.kind !== undefined && options.kind !== kindOf(entry))) continue;
        steps[name] = `${kindOf(entry)} ${reason}`;
        kept++;
      }
    }
    writeDifferences(folder, differences);
  }
  console.log(`${kept} differences have the reason ${reason}`);
}

function count(): void {
  for (const folder of listedFolders()) {
    const counts: Record<string, number> = {};
    const entries = Object.values(readDifferences(folder)).flatMap((titles) =>
      Object.values(titles).flatMap((steps) => Object.values(steps)),
    );
    for (const entry of entries) counts[entry] = (counts[entry] ?? 0) + 1;
    console.log(folder, JSON.stringify(counts));
  }
}

function pack([directory = '.', ...folders]: readonly string[]): void {
  let bytes = 0;
  for (const folder of folders) {
    for (const name of readdirSync(join(directory, folder)).filter((file) => file.endsWith('.json'))) {
      bytes += packRecording(folder, name.replace(/\.json$/, ''), readFileSync(join(directory, folder, name), 'utf8'));
    }
  }
  console.log(`${bytes} bytes`);
}

const commands: Readonly<Record<string, (names: readonly string[]) => unknown>> = {
  show,
  update,
  keep,
  count,
  document: documentReasons,
  pack,
};
const run = commands[command ?? ''];
if (!run) console.error(`usage: recordings.ts ${Object.keys(commands).join('|')}`);
else await run(rest);
process.exit(run ? 0 : 2);
