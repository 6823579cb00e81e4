// A client evaluates each recorded query over the triples that the server sends it, and shows what the server shows in a tree.

import { describe, expect, test } from 'vitest';
import { isObject } from '../../src/lib/json.ts';
import type { WireResult } from '../../src/protocol/query-result.ts';
import { memory } from '../../src/server/storage/memory.ts';
import { type AppUnderTest, startApp } from './app-under-test.ts';
import { Asker, asObject, type Json } from './asker.ts';
import type { Placeholders } from './placeholders.ts';
import { Player } from './player.ts';
import { readTranscripts, recordedFiles, type Step, stepNames, type Transcript } from './transcript.ts';
import { unevaluated } from './unevaluated.ts';

interface Asked {
  readonly q: Json;
  /** The fields of `init` that say who asks. */
  readonly credentials: Json;
}

/** Who asks in a transcript, and through which sockets. */
class Callers {
  readonly #app: AppUnderTest;
  readonly #askers = new Map<string, Asker>();
  /** Name of a session → its credentials. */
  readonly #sessions = new Map<string, Json>();
  readonly #names: Placeholders;

  constructor(app: AppUnderTest, names: Placeholders) {
    this.#app = app;
    this.#names = names;
  }

  /** Notes with which credentials a session begins. */
  note({ session, say }: Step): void {
    const { op, '__admin-token': admin, 'refresh-token': token } = asObject(say);
    if (session !== undefined && op === 'init') {
      this.#sessions.set(session, {
        ...(admin !== undefined && { '__admin-token': admin }),
        ...(token !== undefined && { 'refresh-token': token }),
      });
    }
  }

  /** The query of the step, if the original answered it. */
  async asked(step: Step): Promise<Asked | undefined> {
    const q = asObject(step.http === undefined ? step.say : step.body)[step.http === undefined ? 'q' : 'query'];
    if (!isAnswered(step) || step.headers || !isObject(q)) return undefined;
    const credentials = step.http === undefined ? this.#sessions.get(step.session ?? '') : await this.#credentials(step.as ?? 'guest');
    return credentials && { q: this.#names.fill(q) as Json, credentials: this.#names.fill(credentials) as Json };
  }

  async asker(credentials: Json): Promise<Asker> {
    const key = JSON.stringify(credentials);
    const asker = this.#askers.get(key) ?? (await Asker.open(this.#app, credentials));
    this.#askers.set(key, asker);
    return asker;
  }

  close(): void {
    this.#askers.forEach((asker) => asker.close());
  }

  /** @param as `admin`, `guest`, the address of a user who exists, or the name of a saved token */
  async #credentials(as: string): Promise<Json> {
    if (as === 'guest') return {};
    const { http, id, adminToken } = this.#app;
    if (as === 'admin') return { '__admin-token': adminToken };
    if (!as.includes('@')) return { 'refresh-token': this.#names.fill(`{{${as}}}`) };
    const headers = { 'content-type': 'application/json', 'app-id': id, authorization: `Bearer ${adminToken}` };
    const made = await fetch(`${http}/admin/refresh_tokens`, { method: 'POST', headers, body: JSON.stringify({ email: as }) });
    return { 'refresh-token': ((await made.json()) as { user: { refresh_token: string } }).user.refresh_token };
  }
}

/** Whether the original answered a query in this step. */
function isAnswered({ http, answer, say, heard }: Step): boolean {
  if (http !== undefined) return http === 'POST /admin/query' && answer?.status === 200;
  const answers = Object.values(heard ?? {}).flat();
  return asObject(say)['op'] === 'add-query' && answers.some((message) => asObject(message)['op'] === 'add-query-ok');
}

interface Outcome {
  readonly differing: readonly unknown[];
  /** The names of steps with a query that the original answered and that no client evaluates. */
  readonly skipped: readonly string[];
}

async function evaluateAll(transcript: Transcript): Promise<Outcome> {
  const app = await startApp(memory(), transcript);
  const player = new Player(app);
  const callers = new Callers(app, player.names);
  try {
    return await evaluateSteps(transcript, player, callers);
  } finally {
    player.end();
    callers.close();
    await app.close();
  }
}

async function evaluateSteps({ steps }: Transcript, player: Player, callers: Callers): Promise<Outcome> {
  const names = stepNames(steps);
  const [differing, skipped]: [unknown[], string[]] = [[], []];
  await player.start();
  for (const [index, step] of steps.entries()) {
    callers.note(step);
    if (!isAnswered(step) || step.save) await player.play(step);
    if (!isAnswered(step)) continue;
    const asked = await callers.asked(step);
    const found = asked && (await evaluated(asked, await callers.asker(asked.credentials)));
    if (!found) skipped.push(names[index] ?? '');
    else if (JSON.stringify(found.evaluated) !== JSON.stringify(found.shown)) differing.push({ q: asked.q, ...found });
  }
  return { differing, skipped };
}

/** What the server shows and what a client does; undefined if the server refuses the query. */
async function evaluated({ q }: Asked, asker: Asker): Promise<{ readonly shown: unknown; readonly evaluated: unknown } | undefined> {
  const [triples, tree] = [await asker.answer(q, 'join-rows'), await asker.answer(q, 'tree')];
  if (triples['op'] !== 'add-query-ok') return undefined;
  return { shown: sorted(asker.shown(tree['result'], q)), evaluated: sorted(asker.evaluated(q, triples['result'] as WireResult)) };
}

for (const file of recordedFiles('queries')) {
  describe(`queries/${file}`, () => {
    for (const transcript of readTranscripts('queries', file)) {
      test(transcript.title, { timeout: 120_000 }, async () => {
        const { differing, skipped } = await evaluateAll(transcript);
        expect(differing).toEqual([]);
        const listed = Object.values(unevaluated).flatMap((steps) => steps[file]?.[transcript.title] ?? []);
        expect([...skipped].sort(), 'steps that no client evaluates, and those that unevaluated.ts lists').toEqual([...listed].sort());
      });
    }
  });
}

/** With the keys of objects in one order; lists stay as they are. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, sorted(item)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
