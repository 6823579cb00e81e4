// What a schedule needs of a client in a tab. Ours has it by itself; another one is given it by an adapter.

import { VirtualDevice } from '../../src/testing/virtual/device.ts';
import type { DeviceOptions } from '../../src/testing/virtual/device.ts';
import type { VirtualDisk } from '../../src/testing/virtual/disk.ts';
import type { Link } from '../../src/testing/virtual/network.ts';
import type { ProcessClock } from '../../src/testing/virtual/process-clock.ts';
import type { Step } from '../../src/protocol/transact-messages.ts';
import type { WireUser } from '../../src/protocol/session-messages.ts';
import type { AnySchemaDef } from '../../src/schema/schema.ts';

export interface Tab {
  readonly name: string;
  readonly device: Device;
  readonly clock: ProcessClock;
  readonly reactor: SimulatedReactor;
  /** What the client reported that belongs to no promise. */
  readonly errors: Error[];
}

export interface Device {
  readonly name: string;
  readonly link: Link;
  readonly disk: VirtualDisk;
  /** Those that are open. */
  readonly tabs: readonly Tab[];
  open(): Tab;
  close(tab: Tab): Promise<void>;
  kill(tab: Tab): void;
  goOffline(): void;
  goOnline(): void;
}

export type Data = Readonly<Record<string, unknown>>;
type User = Omit<WireUser, 'isGuest'>;

export interface Write extends PromiseLike<unknown> {
  /** Resolves when the write is on disk. */
  readonly queued: Promise<{ readonly clientId: string }>;
  /** What its caller is told in the end: rejected with an InstantAPIError if it was refused, with another error if nothing more is told of it. */
  readonly settled: Promise<unknown>;
  catch(onRejected: (error: unknown) => void): Promise<unknown>;
}

interface Waiting {
  readonly eventId: string;
  readonly state: string;
  readonly steps: readonly Step[];
}

export interface SimulatedReactor {
  readonly status: string;
  /** Of the tabs of its browser, the one that has the connection. */
  readonly isLeader: boolean;
  readonly account: {
    readonly isLoaded: boolean;
    readonly isReading: boolean;
    readonly user: { readonly id: string; readonly email?: string | null | undefined } | null | undefined;
    setUser(user: User | undefined): Promise<unknown>;
  };
  readonly state: {
    readonly session: { readonly isWritable: boolean; readonly owner: string };
    readonly outbox: { list(): readonly Waiting[] };
    readonly queries: { list(): Iterable<{ readonly error?: Error | undefined }> };
  };
  readonly writes: { transact(chunks: unknown): Write };
  readonly outbox: { list(): readonly Pick<Waiting, 'eventId' | 'state'>[]; discard(eventId: string): readonly string[] };
  readonly queries: {
    once(query: object): Promise<unknown>;
    subscribe(query: object, listener: { onResult(result: { readonly data: Data }): void; onError(error: Error): void }): unknown;
  };
  readonly events: {
    on(event: 'auth', listener: (user: { readonly id: string } | null) => void): unknown;
    on(event: 'fact', listener: (kind: string, message: unknown) => void): unknown;
  };
}

export type OpenDevice = (options: DeviceOptions<AnySchemaDef>) => Device;

export const ourDevice: OpenDevice = (options) => new VirtualDevice(options) satisfies Device;
