// The calls of the file API. To list files and get their URLs, query `$files`.

import { InstantAPIError, TriplaneError } from '../errors.ts';
import { isObject } from '../lib/json.ts';
import type { DeleteFileResponse, FileOpts, UploadFileResponse } from '../types/files.ts';
import { checkParams, kindOf } from './params.ts';
import { type AppConfig, type HttpCall, request } from './request.ts';

/** Identifies a file. Without a token, the permissions of an anonymous user apply. */
export interface FileParams {
  readonly path: string;
  readonly refreshToken?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type UploadParams = FileParams & FileOpts & { readonly file: File | Blob };

/** Uploads a file under its path and replaces an existing one. */
export async function uploadFile(app: AppConfig, params: UploadParams): Promise<UploadFileResponse> {
  checkParams('uploadFile', params, { path: 'text', refreshToken: 'text?', contentType: 'text?', contentDisposition: 'text?' });
  const { path, file, signal } = params;
  if (!isFile(file)) throw new TriplaneError('config-invalid', `uploadFile: the file must be a File or a Blob, received ${kindOf(file)}`);
  const headers = {
    'app-id': app.appId,
    app_id: app.appId,
    ...pathHeader(path),
    ...bearer(params.refreshToken),
    'content-type': params.contentType || file.type || undefined,
    'content-disposition': params.contentDisposition || undefined,
  };
  const response = await explainPathRejection(path, request(app, { method: 'PUT', path: '/storage/upload', bytes: file, headers, signal }));
  const data = dataOf(response);
  if (isObject(data) && typeof data['id'] === 'string') return { data: { ...data, id: data['id'] } };
  throw unexpectedResponse('uploadFile');
}

/** Deletes a file. The result has `id` at the top level too, as older programs expect. */
export async function deleteFile(app: AppConfig, params: FileParams): Promise<DeleteFileResponse & { id: string | null }> {
  checkParams('delete', params, { path: 'text', refreshToken: 'text?' });
  const data = dataOf(await request(app, fileCall('DELETE', '/storage/files', app, params)));
  const id = isObject(data) && typeof data['id'] === 'string' ? data['id'] : null;
  return { data: { id }, id };
}

/**
 * Returns a temporary download URL, null if the file does not exist.
 *
 * @deprecated Query `$files` for `url`.
 */
export async function getDownloadUrl(app: AppConfig, params: FileParams): Promise<string | null> {
  checkParams('getDownloadUrl', params, { path: 'text', refreshToken: 'text?' });
  const data = dataOf(await request(app, fileCall('GET', '/storage/signed-download-url', app, params)));
  if (data === undefined || data === null || typeof data === 'string') return data ?? null;
  throw unexpectedResponse('getDownloadUrl');
}

function fileCall(method: 'GET' | 'DELETE', path: string, app: AppConfig, params: FileParams): HttpCall {
  const query = { app_id: app.appId, filename: params.path };
  return { method, path, query, headers: bearer(params.refreshToken), signal: params.signal };
}

function bearer(token: string | undefined): Record<string, string> {
  return token ? { authorization: `Bearer ${token}` } : {};
}

/** Text that a header transports unchanged: Latin-1 without control characters and without spaces at the ends. */
const headerSafe = /^[\x21-\x7e\xa0-\xff](?:[\x20-\x7e\xa0-\xff]*[\x21-\x7e\xa0-\xff])?$/;

export function pathHeader(path: string): Record<string, string> {
  return headerSafe.test(path) ? { path } : { 'x-path': `path*=UTF-8''${encodeURIComponent(path)}` };
}

/** A server that does not support `x-path` reports a missing path; this adds the reason. */
export async function explainPathRejection(path: string, response: Promise<unknown>): Promise<unknown> {
  if (headerSafe.test(path)) return response;
  return response.catch((cause: unknown) => {
    if (!(cause instanceof InstantAPIError) || cause.type !== 'param-missing') throw cause;
    const message = `uploadFile: this server only accepts paths with Latin characters (up to U+00FF), not '${path}'. Choose another path`;
    throw new TriplaneError('config-invalid', message, { cause });
  });
}

/** Not `instanceof`: a Blob may come from another window or a polyfill. */
function isFile(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function dataOf(response: unknown): unknown {
  return isObject(response) ? response['data'] : undefined;
}

function unexpectedResponse(call: string): TriplaneError {
  return new TriplaneError('server-failed', `${call}: unexpected response. Check that apiURI is the URL of the server`);
}
