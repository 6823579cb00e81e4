// Sync documents over HTTP: revisions, conflicts, and updates that are tried again. docs/realtime-platform.md#documents

import { equal } from '../lib/equal.ts';
import { isPlain } from '../rooms/payload.ts';
import { InvalidArgumentError } from '../rooms/room-error.ts';
import type { PlatformApi } from './api.ts';
import { PlatformApiError, RevisionConflictError } from './platform-error.ts';
import { name, serviceName } from './rest.ts';
import type { SyncDoc, SyncMutation } from './types.ts';

export interface CreateDocOptions {
  readonly id?: string;
  readonly expiresAt?: number | Date;
}

export interface MergeOptions {
  /** The merge is rejected if the document has another revision. */
  readonly expectedRevision?: number;
  /** How often the merge is retried on a newer revision. */
  readonly retries?: number;
}

const shape = { id: 'string', revision: 'number', data: 'any' } as const;
const defaultRetries = 5;

export class SyncApi {
  readonly #api: PlatformApi;

  constructor(api: PlatformApi) {
    this.#api = api;
  }

  /** Creates a document of a service. The server generates the id if none is given. */
  async create<T>(service: string, data: T, { id, expiresAt }: CreateDocOptions = {}): Promise<SyncDoc<T>> {
    const body = {
      data,
      ...(id !== undefined && { id: name('document', id) }),
      ...(expiresAt !== undefined && { expiresAt: Number(expiresAt) }),
    };
    return this.#api.one<SyncDoc<T>>(shape, 'POST', `/api/sync/${encodeURIComponent(serviceName(service))}/documents`, { body });
  }

  /** Null if the document does not exist or was deleted. */
  async get<T>(service: string, id: string): Promise<SyncDoc<T> | null> {
    try {
      const { isDeleted } = this.#api.options.wire;
      return await this.#api.document<SyncDoc<T>>(shape, path(service, id), (body) => isPlain(body) && isDeleted(body));
    } catch (error) {
      // A page of another server says nothing about the document.
      if (error instanceof PlatformApiError && error.status === 404 && error.code !== 'MALFORMED_RESPONSE') return null;
      throw error;
    }
  }

  /**
   * Replaces the document's data.
   *
   * @throws RevisionConflictError if `expectedRevision` is given and the document has another
   */
  async replace<T>(service: string, id: string, data: T, expectedRevision?: number): Promise<SyncDoc<T>> {
    const isDone = (current: SyncDoc): boolean => equal(current.data, data);
    return this.#write<T>('PUT', service, id, '', { data }, expectedRevision, isDone);
  }

  /**
   * Deep-merges a patch into the document's data. A function receives the document and returns the patch; after a conflict it is called again
   * with the newer document, up to `retries` times (5 by default).
   *
   * @throws RevisionConflictError if the last retry conflicts too
   */
  async merge<T>(
    service: string,
    id: string,
    patch: Partial<T> | ((current: SyncDoc<T>) => Partial<T>),
    options: number | MergeOptions = {},
  ): Promise<SyncDoc<T>> {
    const { expectedRevision, retries } = typeof options === 'number' ? { expectedRevision: options, retries: undefined } : options;
    if (typeof patch === 'function')
      return this.#retrying<T>(service, id, retries ?? defaultRetries, (doc) => this.#merge(service, id, patch(doc), doc.revision));
    try {
      return await this.#merge<T>(service, id, patch, expectedRevision);
    } catch (error) {
      if (!(error instanceof RevisionConflictError) || !retries) throw error;
      return this.#retrying<T>(service, id, retries - 1, (doc) => this.#merge(service, id, patch, doc.revision));
    }
  }

  /** Applies single changes by JSON Pointer. Never retried, because an increment that is sent twice counts twice. */
  async mutate<T>(service: string, id: string, mutations: readonly SyncMutation[], expectedRevision?: number): Promise<SyncDoc<T>> {
    const bad = mutations.find(({ path: pointer }) => typeof pointer !== 'string' || (pointer !== '' && !pointer.startsWith('/')));
    if (bad || mutations.length === 0)
      throw new InvalidArgumentError(bad ? `'${bad.path}' is not a JSON Pointer such as /title` : 'mutations is empty');
    return this.#write<T>('POST', service, id, '/mutate', { mutations }, expectedRevision, () => false);
  }

  /** Reads the document and replaces its data with the function's result; starts again after a conflict. */
  async update<T>(
    service: string,
    id: string,
    change: (data: T) => T,
    { retries = defaultRetries }: { readonly retries?: number } = {},
  ): Promise<SyncDoc<T>> {
    return this.#retrying<T>(service, id, retries, (doc) => this.replace(service, id, change(doc.data), doc.revision));
  }

  /** Marks the document as deleted. */
  async delete(service: string, id: string): Promise<void> {
    await this.#api.call('DELETE', path(service, id));
  }

  #merge<T>(service: string, id: string, patch: Partial<T>, expectedRevision: number | undefined): Promise<SyncDoc<T>> {
    const isDone = (current: SyncDoc): boolean => holds(current.data, patch);
    return this.#write<T>('PATCH', service, id, '/merge', { data: patch }, expectedRevision, isDone);
  }

  async #retrying<T>(service: string, id: string, retries: number, attempt: (doc: SyncDoc<T>) => Promise<SyncDoc<T>>): Promise<SyncDoc<T>> {
    let doc = await this.get<T>(service, id);
    for (let left = retries; ; left--) {
      if (!doc) {
        const message = `There is no document '${id}' in '${service}'`;
        throw new PlatformApiError(message, { status: 404, code: 'NotFoundError', body: undefined });
      }
      try {
        return await attempt(doc);
      } catch (error) {
        if (!(error instanceof RevisionConflictError) || left <= 0) throw error;
        doc = (error.current as SyncDoc<T> | null) ?? (await this.get<T>(service, id));
      }
    }
  }

  /** `isDone`: whether the document already has the state that the write produces. */
  async #write<T>(
    method: 'PUT' | 'PATCH' | 'POST',
    service: string,
    id: string,
    action: string,
    body: object,
    expectedRevision: number | undefined,
    isDone: (current: SyncDoc) => boolean,
  ): Promise<SyncDoc<T>> {
    const sent = { ...body, ...(expectedRevision !== undefined && { expectedRevision }) };
    try {
      return await this.#api.one<SyncDoc<T>>(shape, method, `${path(service, id)}${action}`, { body: sent });
    } catch (error) {
      if (!(error instanceof PlatformApiError) || error.status !== 409 || expectedRevision === undefined) throw error;
      const current = await this.get(service, id).catch(() => null);
      // The response to the first attempt was lost, and the second attempt met the first one's result.
      if (this.#api.wasRetried(error) && current?.revision === expectedRevision + 1 && isDone(current)) return current as SyncDoc<T>;
      throw new RevisionConflictError(error.message, error, expectedRevision, current);
    }
  }
}

function path(service: string, id: string): string {
  return `/api/sync/${encodeURIComponent(serviceName(service))}/documents/${encodeURIComponent(name('document', id))}`;
}

/** Whether merging the patch would change nothing. */
function holds(data: unknown, patch: unknown): boolean {
  if (!isPlain(patch)) return equal(data, patch);
  return isPlain(data) && Object.entries(patch).every(([key, value]) => holds(data[key], value));
}
