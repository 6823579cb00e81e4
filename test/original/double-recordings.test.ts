// The stand-in of the original server against the recordings that concern what it imitates. Behind it is our server, so that it differs from the
// original where ours does, for the reasons listed there, and nowhere else.

import { expect, test } from 'vitest';

import { memory } from '../../src/server/storage/memory.ts';
import { behindDouble } from '../support/original/double-proxy.ts';
import { entryOf, readDifferences } from './differences.ts';
import { describeStep, differencesOf, playTranscript } from './play.ts';
import { readTranscripts } from './transcript.ts';

const listed = readDifferences('transactions');

/** Transcript → the steps in which our server differs from the original, and the stand-in does not. */
const imitated: readonly (readonly [file: string, title: string, steps: readonly string[]])[] = [
  ['tx-attrs', 'add-attr, admin', ['the same identity id, another label', 'value, then attr', 'what is there: read']],
  ['tx-attrs', 'delete-attr and restore-attr', []],
  ['tx-delete', 'delete on sockets, admin', []],
  ['tx-required', 'required on sockets, guest', []],
  ['tx-retract', 'retract, admin', ['retract, add, retract: read']],
];

test.each(imitated)('%s: %s', { timeout: 120_000 }, async (file, title, steps) => {
  const transcript = readTranscripts('transactions', file).find((each) => each.title === title);
  if (!transcript) throw new Error('There is no such recording');
  const played = await playTranscript('transactions', transcript, memory(), behindDouble);
  const found = differencesOf(played);
  const known = listed[file]?.[title] ?? {};
  const unlisted = played.filter(({ name }) => name in found && entryOf(known, name) === undefined);
  expect(unlisted.map((step) => describeStep(step))).toEqual([]);
  expect(Object.keys(known).filter((name) => !(name in found))).toEqual(steps);
});
