// `db.storage`: files on the server. Requests are in http/files.ts.

import type { ResolvedConfig } from './config.ts';
import { type HttpCalls, loadHttp } from './lazy-features.ts';
import type { Reactor } from '../reactor/reactor.ts';
import type { Abortable } from '../lib/abort.ts';
import type { DeleteFileResponse, FileOpts, UploadFileResponse } from '../types/files.ts';

type CallContext = ResolvedConfig & { readonly signal: AbortSignal };
type Token = { refreshToken?: string };

export class Storage {
  readonly #reactor: Reactor;
  readonly #app: ResolvedConfig;

  constructor(reactor: Reactor, app: ResolvedConfig) {
    this.#reactor = reactor;
    this.#app = app;
  }

  /**
   * Uploads a file to a path, replacing the one that is there.
   *
   * @throws InstantAPIError
   * @example
   * const { data } = await db.storage.uploadFile('photos/demo.png', file);
   */
  uploadFile = (path: string, file: File | Blob, opts: FileOpts & Abortable = {}): Promise<UploadFileResponse> =>
    this.#call(opts, (calls, app, token) => calls.uploadFile(app, { ...token, ...opts, path, file, signal: undefined }));

  /** @deprecated Delete the entity: `db.transact(db.tx.$files.lookup('path', path).delete())`. */
  delete = (path: string, opts?: Abortable): Promise<DeleteFileResponse> =>
    this.#call(opts, (calls, app, token) => calls.deleteFile(app, { ...token, path }));

  /** @deprecated Use `uploadFile`. */
  upload = async (path: string, file: File, opts?: Abortable): Promise<boolean> => {
    await this.uploadFile(path, file, opts);
    return true;
  };

  /** @deprecated Use `uploadFile`. */
  put = this.upload;

  /** @deprecated Query `$files`: its entities have a `url`. */
  getDownloadUrl = (path: string, opts?: Abortable): Promise<string | null> =>
    this.#call(opts, (calls, app, token) => calls.getDownloadUrl(app, { ...token, path }));

  #call<T>(opts: Abortable | undefined, run: (calls: HttpCalls, app: CallContext, token: Token) => Promise<T>): Promise<T> {
    return this.#reactor.call(async (signal) => {
      const user = await this.#reactor.account.getUser();
      return run(await loadHttp(), { ...this.#app, signal }, user ? { refreshToken: user.refresh_token } : {});
    }, opts?.signal);
  }
}
