// Bugs that are planted one at a time: each replaces text in a source file. The simulator has to find every one of them, or its silence about
// the real sources means nothing. Most are what other clients do under faults, or what this one did before it was mended.

import type { ProfileName } from '../profiles.ts';

export interface PlantedBug {
  readonly name: string;
  /** The kind of schedules that find it. */
  readonly profile?: ProfileName;
  /** Below `src`. */
  readonly edits: readonly Edit[];
}

export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const bug = (name: string, file: string, find: string, replace: string): PlantedBug => ({ name, edits: [{ file, find, replace }] });

const inCrowd = (name: string, file: string, find: string, replace: string): PlantedBug => ({
  ...bug(name, file, find, replace),
  profile: 'crowded',
});

const outbox = 'reactor/mutations/outbox.ts';
const api = 'reactor/mutations/mutation-api.ts';
const optimistic = 'reactor/queries/optimistic-updates.ts';
const account = 'reactor/account.ts';
const receiveError = 'reactor/receive-error.ts';
const receive = 'reactor/receive.ts';
const machine = 'connection/machine.ts';
const ledger = 'server/data/ledger.ts';
const removeAll = "{ do: 'store', edits: outbox.list().flatMap(({ eventId }) => outbox.remove(eventId)) }";

/** What the official client does, or did not survive, when the faults of the network were first tried on it. */
const known: readonly PlantedBug[] = [
  bug(
    'a write without an answer is given up after 30 s',
    api,
    'return state.outbox.dequeue().map((message) =>',
    `const giveUp = (eventId) => {
      const write = state.outbox.get(eventId);
      if (!write || write.state === 'acknowledged') return;
      this.#context.run([{ do: 'store', edits: state.outbox.remove(eventId) }, ...state.queries.reject(eventId), { do: 'settle', eventId, error: disabledError() }]);
    };
    return state.outbox.dequeue().map((message) => (config.clock.setTimeout(() => giveUp(message['client-event-id']), 30_000), message)).map((message) =>`,
  ),
  bug('a write on its way is forgotten when the connection is lost', outbox, "if (write.state === 'inflight') this.#put({ ...write, state: 'pending' });\n    }\n    this.retries.onDisconnect", "if (write.state === 'inflight') this.#drop(write.eventId);\n    }\n    this.retries.onDisconnect"), // prettier-ignore
  bug(
    'the server does not remember event ids',
    'server/data/apply-write.ts',
    'replica.idempotencyKeys.find(event)',
    "replica.idempotencyKeys.find({ ...event, id: '' })",
  ),
  bug('a refused write stays on screen', optimistic, 'live.view.pending.drop([eventId], keys) && this.#applyAffecting(live)', 'false'), // prettier-ignore
  bug('all waiting writes are one record on disk', 'reactor/mutations/mutation.ts', "${String(order).padStart(16, '0')}/${eventId}", 'all'),
  bug('every tab sends', 'reactor/reactor.ts', 'return this.#tabs.isLeader;', 'return true;'),
  {
    name: 'an expired sign-in takes the waiting writes along',
    edits: [
      { file: receiveError, find: "return [{ do: 'expire' }];", replace: `return [${removeAll}, { do: 'expire' }];` },
      { file: receiveError, find: 'function initFailed({ session, queries }', replace: 'function initFailed({ session, queries, outbox }' },
    ],
  },
  bug('signing in takes the writes of the user before along', account, 'outbox.detach();', `this.#context.run([${removeAll}]); outbox.detach();`), // prettier-ignore
  bug('clients come back in step', 'lib/retry.ts', 'Math.floor(random * Math.min(', 'Math.floor(1 * Math.min('),
  bug('a connection that went silent is not noticed', machine, 'timer: onSilence,', ''),
  bug('a listener that throws keeps others from being called', 'reactor/notify.ts', '    guarded(() => {', '    ((run) => run())(() => {'),
  bug('a frame that makes no sense throws', 'connection/transport.ts', 'return on.fault(error);', 'throw error;'),
  bug('what depends on a refused write is sent', outbox, 'return write ? this.block(writeSetOf(write.steps)) : [];', 'return [];'),
  bug(
    'a query that was asked once stays open',
    'reactor/queries/query-api.ts',
    '|| listeners.size > 0) return;',
    '|| listeners.size >= 0) return;',
  ),
  bug('a closed client leaves its timer', 'reactor/reactor.ts', '    this.#timer.set(undefined);', ''),
  bug('closing leaves promises unsettled', 'reactor/reactor.ts', '    this.pendingCalls.detach(', '    void ('),
];

const client: readonly PlantedBug[] = [
  bug('a throw of the socket is left to the caller', 'connection/connection.ts', "if (error instanceof TriplaneError && error.code === 'frame-malformed') throw error;", 'throw error;'), // prettier-ignore
  bug('a confirmed write leaves the disk before the result with it is there', 'reactor/queries/query-cache.ts', 'for (const write of writes) this.#confirmed.set(write.eventId, write);', 'this.#store(...writes.map(removeMutation));'), // prettier-ignore
  bug('a write is never stored', api, 'edits: account.isLoaded ? [putMutation(write)] : []', 'edits: []'),
  bug('the session stays that of the user before', account, "this.#context.run([{ do: 'restart' }]);", ''),
  bug('queries are not asked again after an outage', receive, "...[...queries.list()].map((live): Effect => ({ do: 'send', message: queries.request(live) })),", ''), // prettier-ignore
  bug('a name that another client was first to use is final', receiveError, 'if (isNameTaken({ type, hint }, outbox.sentSteps(write)) && sends < 10) {', 'if (sends < 0) {'), // prettier-ignore
  bug('a refusal for a taken name is taken for one of the steps sent since', receiveError, 'if (sends > 1 && isOfOtherSteps({ type, hint }, outbox.sentSteps(write))) return [];', ''), // prettier-ignore
  bug('what makes an attribute is overtaken at its entity', outbox, ' || this.#contested.hold(steps)', ''),
  bug('of attributes that two tabs make at a time, one hides the other', 'reactor/queries/pending-in-view.ts', 'this.#renames.size > 0 || steps.some(isTaken)', 'isTaken.length > 1'), // prettier-ignore
  bug('what is on its way says again what a confirmed write has said', outbox, "if (write.state !== 'persisting') earlier.push(write);", "if (write.state === 'pending') earlier.push(write);"), // prettier-ignore
  bug('a store that fails ends the queue', 'reactor/persist-queue.ts', '    } catch (cause) {\n      const writes', '    } catch (cause) {\n      throw cause;\n      const writes'), // prettier-ignore
  bug('a confirmed write is let go before the result contains it', optimistic, 'if (isIncluded(write, live.processed)) return', 'return'),
  bug('confirmed writes stay in the outbox', optimistic, 'if (this.#acknowledged.size === 0) return [];', 'return [];'),
  bug(
    'other tabs do not hear of a write',
    api,
    '(state.outbox.markPersisted(eventId) || isLeft)',
    '(state.outbox.markPersisted(eventId) && isLeft)',
  ),
  bug('an app that is enabled again is not asked again', receive, "before === 'disabled' && status !== 'disabled' ? 'restart' : 'flush'", "'flush'"), // prettier-ignore
  bug('a refusal for now is final', receiveError, "if ((outcome === 'unknown' || isPassing) && !isGivenUp) {", "if (outcome === 'unknown' && !isGivenUp) {"), // prettier-ignore
  bug('a failure of the server is final', receiveError, "if ((outcome === 'unknown' || isPassing) && !isGivenUp) {", "if (outcome !== 'unknown' && isPassing && !isGivenUp) {"), // prettier-ignore
  bug('what failed says again what later writes have said', 'reactor/mutations/acknowledge.ts', 'return remaining.length < steps.length ? remaining : steps;', 'return steps;'), // prettier-ignore
  bug('the order of writes is that of the wall clock', outbox, 'Math.max(this.lastOrder + 1, createdMs)', 'createdMs'),
  bug('a lost connection is not told to the state', machine, "if (isOver && before.name === 'ready' && type !== 'stop') commands.push('down');", ''), // prettier-ignore
  bug('a client that waits does not try again by itself', machine, 'const whileWaiting: Rules = { timer: connect, ', 'const whileWaiting: Rules = { '), // prettier-ignore
];

const server: readonly PlantedBug[] = [
  bug('a refusal is forgotten', 'server/data/rejections.ts', "if (outcome !== 'not-applied' || isTransient || isNameClash(type, body.hint)) return undefined;", 'if (outcome) return undefined;'), // prettier-ignore
  bug('two transactions of a moment have one time', 'server/data/replica.ts', 'return Math.max(this.#at + 1, now);', 'return Math.max(this.#at, now);'), // prettier-ignore
  bug('a write is confirmed before it is durable', ledger, 'await this.#answerOf(follower.append(batch.entries), undo)', "(void follower.append(batch.entries).catch(() => {}), 'appended')"), // prettier-ignore
  bug('memory keeps what the storage refused', ledger, '    undo();\n    const error = appended', '    const error = appended'),
  bug('writes of one moment are applied in another order', 'server/data/apply-group.ts', 'of writes.entries()) {', 'of [...writes].reverse().entries()) {'), // prettier-ignore
  bug('event ids are forgotten at a restart', 'server/data/replica.ts', 'if (isPlayed) for (const entry of entries) completed(this.#playSteps(entry));', 'if (isPlayed) for (const { event, ...entry } of entries) completed(this.#playSteps(entry));'), // prettier-ignore
];

/** What this client and server did until schedules with many tabs and users were tried. */
const crowded: readonly PlantedBug[] = [
  inCrowd('a second rejection for a taken name hits what was sent since', receiveError, 'sends > 1 && isOfOtherSteps(', 'sends < 0 && isOfOtherSteps('), // prettier-ignore
  inCrowd('a tab does not ask what became of the writes that it has read', api, 'const { state, isLeader } = this.#context;\n    if (isLeader) return;', 'const { state } = this.#context;\n    if (state) return;'), // prettier-ignore
  inCrowd('other tabs are not told who has signed in', account, '\n    this.#tell(value);', ''), // prettier-ignore
  inCrowd('writes are sent before the earlier ones of their user are read', api, '|| !isLeader || this.#holds > 0)', '|| !isLeader)'), // prettier-ignore
  inCrowd('of two attributes by one name, the one heard of later hides rows', 'reactor/attr-catalog.ts', ' || this.#confirmed.forward(etype, label) !== undefined', ''), // prettier-ignore
];

export const plantedBugs: readonly PlantedBug[] = [...known, ...client, ...server, ...crowded];
