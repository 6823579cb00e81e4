// Keeping files at the server: `db.storage`. The calls are in http/files.ts.

import type { ResolvedConfig } from './config.ts';
import type { Reactor } from './reactor/reactor.ts';
import type { DeleteFileResponse, FileOpts, UploadFileResponse } from './types/files.ts';

/** Loaded with the first file. */
const calls = (): Promise<typeof import('./http/files.ts')> => import('./http/files.ts');

export class Storage {
  readonly #reactor: Reactor;
  readonly #app: ResolvedConfig;

  constructor(reactor: Reactor, app: ResolvedConfig) {
    this.#reactor = reactor;
    this.#app = app;
  }

  /**
   * Keeps a file under a path, in the place of one that is there.
   *
   * @throws InstantAPIError
   * @example
   * const { data } = await db.storage.uploadFile('photos/demo.png', file);
   */
  uploadFile = async (path: string, file: File | Blob, opts: FileOpts = {}): Promise<UploadFileResponse> => {
    return (await calls()).uploadFile(this.#app, { ...(await this.#token()), ...opts, path, file });
  };

  /** @deprecated Delete the entity: `db.transact(db.tx.$files.lookup('path', path).delete())`. */
  delete = async (path: string): Promise<DeleteFileResponse> => (await calls()).deleteFile(this.#app, { ...(await this.#token()), path });

  /** @deprecated Use `uploadFile`. */
  upload = async (path: string, file: File): Promise<boolean> => {
    await this.uploadFile(path, file);
    return true;
  };

  /** @deprecated Use `uploadFile`. */
  put = this.upload;

  /** @deprecated Query `$files`: its entities have a `url`. */
  getDownloadUrl = async (path: string): Promise<string | null> =>
    (await calls()).getDownloadUrl(this.#app, { ...(await this.#token()), path });

  async #token(): Promise<{ refreshToken?: string }> {
    const user = await this.#reactor.account.getUser();
    return user ? { refreshToken: user.refresh_token } : {};
  }
}
