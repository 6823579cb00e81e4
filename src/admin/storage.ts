// Files: `db.storage`. Uploads and deletions honour impersonation; the old ways to list files do not.

import { TriplaneError } from '../errors.ts';
import { pathHeader, explainPathRejection } from '../http/files.ts';
import { checkParams } from '../http/params.ts';
import { isObject } from '../lib/json.ts';
import type { DeleteFileResponse, FileOpts, UploadFileResponse } from '../types/files.ts';
import type { CallOpts } from './api.ts';
import type { Context } from './context.ts';
import { type UploadProgress, uploadBody } from './upload.ts';
import { openSource, type UploadSource } from './upload-source.ts';

export type DeleteManyFileResponse = { data: { ids: string[] | null } };

/** A file as `list` gives it. */
export type StorageFile = { key: string; name: string; size: number; etag: string | null; last_modified: number | null };

export type UploadOpts = FileOpts & CallOpts & { onProgress?: ((progress: UploadProgress) => void) | undefined };

export class Storage {
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /**
   * Uploads a file to a path, in place of one that is there. Sources in memory, files and open files have a length; for other streams
   * `fileSize` announces it, and without it they are sent in chunks.
   *
   * @throws InstantAPIError; TriplaneError 'config-invalid' for a source that cannot be read or is not `fileSize` bytes long
   * @example
   * await db.storage.uploadFile('photos/demo.png', new URL('./demo.png', import.meta.url), { contentType: 'image/png' });
   */
  uploadFile = async (path: string, file: UploadSource, metadata: UploadOpts = {}): Promise<UploadFileResponse> => {
    const { contentType, contentDisposition, fileSize, onProgress, ...opts } = metadata;
    checkParams('uploadFile', { ...metadata, path }, { path: 'text', contentType: 'text?', contentDisposition: 'text?' });
    const source = await openSource(file, fileSize);
    try {
      const { body, contentLength, isRepeatable, failure } = uploadBody(source, onProgress && this.#guarded(onProgress));
      const headers = {
        ...pathHeader(path),
        'content-type': contentType || undefined,
        'content-disposition': contentDisposition || undefined,
        'content-length': contentLength?.toString(),
      };
      const call = { method: 'PUT', path: '/admin/storage/upload', bytes: body, headers, isIdempotent: isRepeatable, opts } as const;
      const result = this.#context.callAs(call).catch((error: unknown) => {
        throw failure() ?? error;
      });
      return readUpload(await explainPathRejection(path, result));
    } finally {
      await source.close();
    }
  };

  /** @deprecated Delete the entity: `db.transact(db.tx.$files[lookup('path', path)].delete())`. */
  delete = async (path: string, opts?: CallOpts): Promise<DeleteFileResponse> => {
    const call = { method: 'DELETE', path: '/admin/storage/files', query: { filename: path }, isIdempotent: false, opts } as const;
    return (await this.#context.callAs(call)) as DeleteFileResponse;
  };

  /** @deprecated Delete the entities with `db.transact`. */
  deleteMany = async (paths: string[], opts?: CallOpts): Promise<DeleteManyFileResponse> => {
    const call = { method: 'POST', path: '/admin/storage/files/delete', body: { filenames: paths }, isIdempotent: false, opts } as const;
    return (await this.#context.callAs(call)) as DeleteManyFileResponse;
  };

  /** @deprecated Use `uploadFile`. */
  upload = async (path: string, file: UploadSource, metadata?: UploadOpts): Promise<boolean> => {
    await this.uploadFile(path, file, metadata);
    return true;
  };

  /** @deprecated Query `$files`. */
  list = async (opts?: CallOpts): Promise<StorageFile[]> => (await this.#read('/admin/storage/files', {}, opts)) as StorageFile[];

  /** @deprecated Query `$files`: its entities have a `url`. */
  getDownloadUrl = async (path: string, opts?: CallOpts): Promise<string> =>
    (await this.#read('/admin/storage/signed-download-url', { filename: path }, opts)) as string;

  async #read(path: string, query: Record<string, string>, opts: CallOpts | undefined): Promise<unknown> {
    const result = await this.#context.callAsAdmin({ method: 'GET', path, query, isIdempotent: true, opts });
    return isObject(result) ? result['data'] : undefined;
  }

  /** A listener that throws does not end the upload. */
  #guarded(onProgress: (progress: UploadProgress) => void): (progress: UploadProgress) => void {
    return (progress) => {
      try {
        onProgress(progress);
      } catch (error) {
        this.#context.config.onError(error as Error);
      }
    };
  }
}

function readUpload(result: unknown): UploadFileResponse {
  const data = isObject(result) ? result['data'] : undefined;
  if (isObject(data) && typeof data['id'] === 'string') return { data: { ...data, id: data['id'] } };
  throw new TriplaneError('server-failed', 'uploadFile: the response of the server has no id of a file. Is apiURI its address?');
}
