// The source of an import: an archive or a server.

import type { BackupConfig } from './backup-config.ts';
import type { SourceRow } from './row-reader.ts';

export interface Source {
  /** For display. */
  readonly name: string;
  /** Equal for equal data: an interrupted import continues only with the same source. */
  readonly fingerprint: string;
  readonly config: BackupConfig;
  /** Namespaces with rows. */
  readonly namespaces: readonly string[];
  /** How errors name the rows of a namespace. */
  placeOf(etype: string): string;
  /** Approximate size of all rows and of all files in bytes, for progress; 0 = unknown. */
  readonly rowBytes: number;
  readonly fileBytes: number;
  /** In the same order every time. `bytes`: the number read for the batch. */
  rows(etype: string): AsyncIterable<{ readonly rows: readonly SourceRow[]; readonly bytes: number }>;
  hasFile(location: string): boolean;
  file(location: string): AsyncIterable<Uint8Array>;
  /** Notes for the user, complete after everything was read. */
  readonly notes: readonly string[];
  close(): void | Promise<void>;
}
