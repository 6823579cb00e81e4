// Writes the chunks of a snapshot into a stage. Chunks staged by an earlier process are skipped: the same source gives the same chunks in
// the same order.

import type { Triple } from '../../protocol/triple.ts';
import type { Stage } from '../storage/storage.ts';
import type { NamedRecord } from './system-rows.ts';

const chunkLength = 10_000;

export class StageWriter {
  readonly #stage: Stage;
  readonly #staged: number;
  #at = 0;
  #newest = 0;
  #triples: Triple[] = [];
  #records: NamedRecord[] = [];

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#staged = stage.length;
  }

  /** Whether the next chunk is staged already. */
  get isStaged(): boolean {
    return this.#at < this.#staged;
  }

  /** The time of the newest triple. */
  get newest(): number {
    return this.#newest;
  }

  /** Rows are not split across chunks. */
  async addRow(triples: readonly Triple[]): Promise<void> {
    for (const triple of triples) {
      this.#triples.push(triple);
      this.#newest = Math.max(this.#newest, triple[3]);
    }
    if (this.#triples.length >= chunkLength) await this.flush();
  }

  async addRecord(record: NamedRecord): Promise<void> {
    this.#records.push(record);
    if (this.#records.length >= chunkLength) await this.flush();
  }

  async flush(): Promise<void> {
    const [triples, records] = [this.#triples, this.#records];
    [this.#triples, this.#records] = [[], []];
    if (triples.length > 0) await this.add(() => JSON.stringify({ field: 'triples', list: triples }));
    if (records.length > 0) await this.add(() => JSON.stringify({ field: 'records', entries: records }));
  }

  async add(chunk: () => string): Promise<void> {
    if (this.isStaged) this.#at++;
    else {
      await this.#stage.add(chunk());
      this.#at++;
    }
  }
}
