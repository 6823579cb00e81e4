// Where an app is taken over from: an archive, or a server.

import type { BackupConfig } from './backup-config.ts';
import type { SourceRow } from './row-reader.ts';

export interface Source {
  /** For people to read. */
  readonly name: string;
  /** Equal for the same data: an interrupted import goes on only with what it began with. */
  readonly fingerprint: string;
  readonly config: BackupConfig;
  /** Namespaces with rows. */
  readonly namespaces: readonly string[];
  /** How errors call the rows of a namespace. */
  placeOf(etype: string): string;
  /** Approximate bytes of all rows, and of all files, for progress; 0 = unknown. */
  readonly rowBytes: number;
  readonly fileBytes: number;
  /** In the same order every time. `bytes`: how many were read for the batch. */
  rows(etype: string): AsyncIterable<{ readonly rows: readonly SourceRow[]; readonly bytes: number }>;
  hasFile(location: string): boolean;
  file(location: string): AsyncIterable<Uint8Array>;
  /** Notes for people, complete after everything was read. */
  readonly notes: readonly string[];
  close(): void | Promise<void>;
}
