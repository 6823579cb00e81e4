// Watches one document: reads it, then applies the events of its service. After an event that does not carry the next revision, the document is read
// again, so that no change is missed.

import { isPlain } from '../rooms/payload.ts';
import { errorOf } from '../rooms/room-error.ts';
import type { Subscription } from './subscriptions.ts';
import type { SubscribeRequest } from './transport.ts';
import type { PlatformEvent, ReturnMode, SyncDoc } from './types.ts';
import type { Wire } from './wire.ts';

export interface WatchContext {
  readonly wire: Wire;
  subscribe(request: SubscribeRequest, listener: (event: PlatformEvent) => void): Subscription;
  get(service: string, id: string): Promise<SyncDoc | null>;
  report(error: Error): void;
  /** Calls the listener on every connection. Returns a function that stops it. */
  onConnected(listener: () => void): () => void;
}

export class DocumentWatch {
  readonly #context: WatchContext;
  readonly #service: string;
  readonly #id: string;
  readonly #listener: (document: SyncDoc | null) => void;
  readonly #stops: (() => void)[] = [];
  #revision = 0;
  #isGone = false;
  #isStopped = false;
  #isReading = false;
  #isStale = false;

  constructor(context: WatchContext, service: string, id: string, listener: (document: SyncDoc | null) => void, returnMode?: ReturnMode) {
    this.#context = context;
    this.#service = service;
    this.#id = id;
    this.#listener = listener;
    for (const topic of context.wire.syncTopics(service)) {
      const subscription = context.subscribe({ topic, ...(returnMode && { returnMode }) }, (event) => this.#changed(event));
      subscription.ready.catch((error: Error) => !this.#isStopped && context.report(error));
      this.#stops.push(() => subscription.unsubscribe());
    }
    this.#stops.push(context.onConnected(() => this.#read()));
    this.#read();
  }

  stop(): void {
    this.#isStopped = true;
    for (const stop of this.#stops) stop();
  }

  #changed(event: PlatformEvent): void {
    if (this.#context.wire.syncDocId(event) !== this.#id) return;
    const { payload } = event;
    const document = isPlain(payload) && isPlain(payload['document']) ? payload['document'] : payload;
    if (!isPlain(document) || typeof document['revision'] !== 'number') return this.#read();
    // A new document under the id of a deleted one begins again with revision 1.
    if (this.#isGone && !this.#context.wire.isDeleted(document)) return this.#read();
    if (document['revision'] <= this.#revision && !this.#context.wire.isDeleted(document)) return;
    const isWhole = 'data' in document && document['revision'] === this.#revision + 1;
    if (this.#context.wire.isDeleted(document)) this.#tell(null, document['revision']);
    else if (isWhole) this.#tell({ service: this.#service, id: this.#id, ...document } as SyncDoc, document['revision']);
    else this.#read();
  }

  /** One request at a time; a change during a request is read after it. */
  #read(): void {
    this.#isStale = true;
    if (this.#isReading) return;
    this.#isReading = true;
    void this.#readAll().finally(() => (this.#isReading = false));
  }

  async #readAll(): Promise<void> {
    while (this.#isStale && !this.#isStopped) {
      this.#isStale = false;
      try {
        const document = await this.#context.get(this.#service, this.#id);
        if (!document) this.#tell(null, this.#revision);
        else if (document.revision > this.#revision || this.#isGone) this.#tell(document, document.revision);
      } catch (error) {
        if (!this.#isStopped) this.#context.report(errorOf(error));
      }
    }
  }

  #tell(document: SyncDoc | null, revision: number): void {
    if (this.#isStopped || (document === null && this.#isGone)) return;
    this.#revision = revision;
    this.#isGone = document === null;
    try {
      this.#listener(document);
    } catch (error) {
      this.#context.report(errorOf(error));
    }
  }
}
