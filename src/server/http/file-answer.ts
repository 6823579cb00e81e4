// A file as an HTTP response: complete, a requested range, or 304.

import type { Context } from 'hono';
import type { HttpContext } from './context.ts';
import { streamed } from './streamed-answers.ts';
import type { App } from '../session/app.ts';
import type { ByteRange } from '../files/file-store.ts';
import { rejection } from '../errors.ts';

/** Types that a browser may execute with the rights of this origin. */
const isActive = /html|xml|svg|script/i;

export async function answerFile(context: Context, http: HttpContext, app: App, location: string): Promise<Response> {
  const { e = '', s = '' } = context.req.query();
  if (!app.files.isGoodUrl(location, e, s)) throw rejection('permission-denied', 'This address is not, or no longer, good', null);
  const head = await app.files.head(location);
  if (!head) return context.json({ type: 'record-not-found', message: 'The file is gone', hint: { 'record-type': 'file' } }, 404);
  const etag = `"${location}"`;
  const headers: Record<string, string> = {
    'content-type': head.contentType,
    'content-disposition': head.contentDisposition,
    'accept-ranges': 'bytes',
    'cache-control': 'public, max-age=86400, immutable',
    etag,
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'cross-origin',
    ...(isActive.test(head.contentType) && { 'content-security-policy': 'sandbox' }),
  };
  if (context.req.header('if-none-match')?.includes(etag)) return context.body(null, 304, headers);
  const range = rangeOf(context, etag, head.size);
  if (range === 'none') return context.body(null, 416, { ...headers, 'content-range': `bytes */${head.size}` });
  const length = range ? range.end - range.start + 1 : head.size;
  headers['content-length'] = String(length);
  if (range) headers['content-range'] = `bytes ${range.start}-${range.end}/${head.size}`;
  const status = range ? 206 : 200;
  if (context.req.method === 'HEAD') return context.body(null, status, headers);
  const body = await app.files.read(location, range);
  if (!body) throw rejection('record-not-found', 'Record not found: file', { 'record-type': 'file', args: [location] });
  return context.body(streamed(context, http, body), status, headers);
}

/** A single range; multiple or invalid ranges are ignored, so the whole file is sent. */
function rangeOf(context: Context, etag: string, size: number): ByteRange | 'none' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(context.req.header('range')?.trim() ?? '') ?? [];
  const condition = context.req.header('if-range');
  if ((first === '' && last === '') || (condition !== undefined && condition !== etag)) return undefined;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  return start >= size || end < start ? 'none' : { start, end };
}
