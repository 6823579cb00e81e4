// Plays the steps of a transcript on an app, and tells how each compares with the recording.

import type { AppUnderTest } from './app-under-test.ts';
import { compareOutcomes, compareStable, isEmptyRefresh, type Kind } from './compare.ts';
import { LatestResults } from './latest-results.ts';
import { maskNearTimes, normalize } from './normalize.ts';
import { Placeholders, placeholdersIn, uuidFor } from './placeholders.ts';
import { openEventStream, type Received, request } from './requests.ts';
import { parseText, type Session, Sessions } from './sessions.ts';
import type { Heard, Outcome, Step } from './transcript.ts';
import { pass, sleep, waitFor } from './wait.ts';

const initMs = 4000;
const answerMs = 1500;
const silenceMs = 350;
/** Silence that ends a step once all that is recorded was received. */
const settledMs = 60;
const mostPolls = 60;
const pollMs = 200;

export interface Played {
  readonly kind: Kind;
  readonly ours?: Outcome;
}

interface SentMessage {
  readonly session: Session;
  readonly message: unknown;
}

export class Player {
  readonly #app: AppUnderTest;
  readonly #names: Placeholders;
  readonly #sessions: Sessions;
  /** Names without a value, because the server lacks what would give it. */
  readonly #missing = new Set<string>();

  /** Compares what each session knows of its queries, and not which refreshes told it. */
  readonly #latest: { readonly recorded: LatestResults; readonly ours: LatestResults } | undefined;

  constructor(app: AppUnderTest, { byLatestResults = false } = {}) {
    this.#app = app;
    this.#latest = byLatestResults ? { recorded: new LatestResults(), ours: new LatestResults() } : undefined;
    this.#names = new Placeholders(app);
    this.#sessions = new Sessions(app, this.#names);
  }

  get names(): Placeholders {
    return this.#names;
  }

  /** Learns the ids of the app's attributes. */
  async start(): Promise<void> {
    const { id, adminToken } = this.#app;
    const socket = await this.#sessions.socket('_attrs');
    socket.send(JSON.stringify({ op: 'init', 'app-id': id, 'client-event-id': 'x', versions: {}, '__admin-token': adminToken }));
    await waitFor(() => socket.received.some((message) => opOf(message) === 'init-ok'), initMs);
    this.#sessions.end('_attrs');
  }

  end(): void {
    this.#sessions.endAll();
  }

  async play(step: Step): Promise<Played> {
    if (step.login !== undefined) await this.#login(step.login);
    if (this.#lacksNames(step)) return { kind: 'skipped' };
    const ours = await this.#run(step);
    const recorded: Outcome = { ...(step.answer && { answer: step.answer }), ...(step.heard && { heard: step.heard }) };
    const masked = maskNearTimes(recorded) as Outcome;
    if (step.unstable) {
      const stable = compareStable(masked, ours, step.say);
      return { kind: stable === 'alike' ? 'unstable' : stable, ours };
    }
    const { recorded: latestRecorded, ours: latestOurs } = this.#latest ?? {};
    return { kind: compareOutcomes(latestRecorded?.reduce(masked) ?? masked, latestOurs?.reduce(ours) ?? ours, step.stale), ours };
  }

  /** Whether the step needs a name without a value; then what it would save has none either. */
  #lacksNames({ answer: _, heard: __, ...step }: Step): boolean {
    const as = step.as ?? '';
    const needed = [...placeholdersIn(step), as.replace(/^dash:/, 'DASH:').replace(/^bearer:/, ''), `DASH:${step.login ?? ''}`];
    const isLacking = needed.some((name) => this.#missing.has(name));
    for (const name of Object.keys(step.save ?? {})) this.#missing[isLacking ? 'add' : 'delete'](name);
    return isLacking;
  }

  async #run(step: Step): Promise<Outcome> {
    const hadSessions = this.#sessions.size > 0;
    if (step.app !== undefined) await this.#makeApp(step.app, step);
    let received = step.sse === undefined ? undefined : await openEventStream(step, this.#app, this.#names, this.#sessions);
    if (step.wait) await pass(step.wait);
    if (step.end !== undefined) this.#sessions.end(step.end, step.hard);
    const sent = step.session === undefined ? [] : await this.#send(step);
    if (step.http !== undefined) received ??= await this.#request(step);
    if (hadSessions || this.#sessions.size > 0) await this.#settle(step, sent);
    return this.#outcome(step, received);
  }

  #outcome(step: Step, received: Received | undefined): Outcome {
    const counting = Object.entries(this.#sessions.take()).map(([name, messages]) => {
      return [name, messages.filter((message) => !step.ignore?.includes(opOf(message)))] as const;
    });
    const heard = Object.fromEntries(counting.filter(([, messages]) => messages.length > 0));
    this.#save(step, { heard, ...received?.answer, headers: received?.headers });
    const outcome = {
      ...(received && !step.drop && { answer: received.answer }),
      ...(Object.keys(heard).length > 0 && { heard }),
    };
    return normalize(outcome, this.#names, step.whole);
  }

  async #send(step: Step): Promise<SentMessage[]> {
    const parts = [step, ...(step.more ?? [])];
    const sessions: Session[] = [];
    for (const { session = '' } of parts) sessions.push(await this.#sessions.socket(session));
    return parts.flatMap((part, index) => {
      const session = sessions[index];
      return session ? this.#sendOn(session, part) : [];
    });
  }

  #sendOn(session: Session, { say, says, raw, binary }: Step): SentMessage[] {
    if (raw !== undefined) {
      session.send(binary ? Buffer.from(raw) : raw);
      return [{ session, message: parseText(raw) }];
    }
    const messages = (says ?? [say]).filter((message) => message !== undefined);
    for (const message of messages) session.send(JSON.stringify(this.#names.fill(message)));
    return messages.map((message) => ({ session, message }));
  }

  /** Waits for the answers that are recorded, then for silence. */
  async #settle({ heard = {}, quiet = silenceMs, timeout = answerMs }: Step, sent: readonly SentMessage[]): Promise<void> {
    const awaited = sent.filter(({ message }) => isAnsweredIn(Object.values(heard).flat(), eventIdOf(message)));
    const hasAnswer = ({ session, message }: SentMessage): boolean =>
      session.isClosed || isAnsweredIn(session.received, this.#names.fill(eventIdOf(message)));
    await waitFor(() => awaited.every(hasAnswer), timeout);
    await this.#sessions.quiet(() => (hasAll(this.#sessions.peek(), heard) ? Math.min(quiet, settledMs) : quiet));
  }

  async #request(step: Step): Promise<Received> {
    for (let poll = 0; ; poll++) {
      const received = await request(step, this.#app, this.#names);
      const { answer } = received;
      if (Number(answer.status) < 400) this.#names.learnAttrsIn(answer.body);
      const isOver = !step.until || poll >= mostPolls || answer.failed !== undefined || Number(answer.status) >= 400;
      if (isOver || valuesAt(answer, step.until?.path ?? '').every((value) => step.until?.in.includes(value))) return received;
      await sleep(pollMs);
    }
  }

  #save({ save = {}, forget }: Step, found: unknown): void {
    for (const [name, source] of Object.entries(save)) {
      const value = savedValue(found, source);
      if (value !== undefined && value !== null) this.#names.saved.set(name, value);
      else if (forget) this.#names.saved.delete(name);
    }
  }

  async #makeApp(name: string, { schema = { entities: {}, links: {}, rooms: {} }, rules }: Step): Promise<void> {
    const made = await this.#app.otherApp({ schema, rules });
    this.#names.saved.set(`APP:${name}`, made?.id ?? uuidFor(`app ${name}`));
    this.#names.saved.set(`ADMIN:${name}`, made?.adminToken ?? uuidFor(`admin ${name}`));
  }

  async #login(name: string): Promise<void> {
    const user = await this.#app.login(name);
    if (!user) for (const key of ['DASH', 'USER', 'EMAIL']) this.#missing.add(`${key}:${name}`);
    else {
      this.#names.saved.set(`DASH:${name}`, user.token);
      this.#names.saved.set(`USER:${name}`, user.userId);
      this.#names.saved.set(`EMAIL:${name}`, user.email);
    }
  }
}

const field = (message: unknown, key: string): unknown => (message as Record<string, unknown> | null | undefined)?.[key];
const opOf = (message: unknown): string => String(field(message, 'op'));
const eventIdOf = (message: unknown): unknown => field(message, 'client-event-id');

function isAnsweredIn(messages: readonly unknown[], eventId: unknown): boolean {
  return eventId !== undefined && messages.some((message) => JSON.stringify(eventIdOf(message) ?? null) === JSON.stringify(eventId));
}

function hasAll(received: Heard, recorded: Heard): boolean {
  const count = (messages: readonly unknown[] = []): number => messages.filter((message) => !isEmptyRefresh(message)).length;
  return Object.entries(recorded).every(([name, messages]) => count(received[name]) >= count(messages));
}

/** The values at a path; `*` stands for every item of a list. */
function valuesAt(value: unknown, path: string): unknown[] {
  const into = (values: unknown[], key: string): unknown[] =>
    key === '*' ? values.flatMap((one) => (one as unknown[] | undefined) ?? []) : values.map((one) => field(one, key));
  return path.split('.').reduce(into, [value]);
}

/** `path`, or `path|pattern`: the first group of the pattern in the value at the path. */
function savedValue(found: unknown, source: string): unknown {
  const [path = '', ...pattern] = source.split('|');
  const [value] = valuesAt(found, path);
  if (pattern.length === 0 || value === undefined || value === null) return value;
  return new RegExp(pattern.join('|')).exec(value as string)?.[1];
}
