// Files over HTTP: `/storage` for clients, `/admin/storage` for admins and impersonated users, and the signed URL of each file. Bytes are
// streamed in both directions and never held in memory.

import { type Context, Hono } from 'hono';
import { isUuid } from '../../lib/uuid.ts';
import type { App } from '../session/app.ts';
import { fieldOf, fileByPath, filesEtype, storageDenied } from '../files/file-entities.ts';
import type { Upload } from '../files/files.ts';
import { overLimit, rejection } from '../errors.ts';
import { checkUse, type Use } from '../session/app-status.ts';
import { whenDurable } from '../data/submit.ts';
import { type Actor, adminActor } from '../data/system-rules.ts';
import { asText, asUuid, bodyOf, required } from './request.ts';
import { adminOf, actorOf, viewerOf, addressOf, toolApp } from './caller.ts';
import type { HttpContext } from './context.ts';
import { answerFile } from './file-answer.ts';
import { drainedChunks } from './drained-body.ts';
import { malformed, missing } from './errors.ts';

interface FileCaller {
  readonly app: App;
  readonly actor: Actor;
}

const toolPath = '/dash/apps/:app/storage';

type FindCaller = (context: Context, use: Use) => Promise<FileCaller>;

export function fileRoutes(http: HttpContext): Hono {
  const routes = new Hono();
  const asClient: FindCaller = async (context, use) => {
    const app = await http.hub.app(clientAppId(context));
    checkUse(use, app.status);
    return { app, actor: { userId: await viewerOf(context, http, app), isAdmin: false, ...addressOf(context, http) } };
  };
  const asAdmin: FindCaller = (context, use) => actorOf(context, http, use);
  const asTool: FindCaller = async (context, use) => {
    const app = await toolApp(context, http);
    checkUse(use, app.status);
    return { app, actor: adminActor };
  };

  for (const [path, find] of [
    ['/storage', asClient],
    ['/admin/storage', asAdmin],
    [toolPath, asTool],
  ] as const) {
    routes.put(`${path}/upload`, async (context) => {
      const { app, actor } = await find(context, 'write');
      return upload(context, http, app, actor, { path: pathIn(context, find === asClient), ...typesIn(context) });
    });
    routes.delete(`${path}/files`, async (context) => {
      const { app, actor } = await find(context, 'write');
      const filename = required(context.req.query(), 'filename', asText, 'params');
      return context.json({ data: { id: (await app.files.remove(actor, [filename]))[0] ?? null } });
    });
  }

  for (const [path, find] of [
    ['/admin/storage', asAdmin],
    [toolPath, asTool],
  ] as const) {
    routes.post(`${path}/files/delete`, async (context) => {
      const { app, actor } = await find(context, 'write');
      const filenames = required(await bodyOf(context), 'filenames', asTexts);
      return context.json({ data: { ids: await app.files.remove(actor, filenames) } });
    });
  }

  routes.get('/admin/storage/files', async (context) => {
    const app = await adminOf(context, http, 'read');
    await actorOf(context, http);
    return context.json({ data: await whenDurable(app.ledger, () => listed(app)) });
  });

  ticketRoutes(routes, http, asClient);

  routes.get('/storage/f/:app/:location', async (context) => {
    const { app: appId, location } = context.req.param();
    if (!isUuid(appId) || !isUuid(location)) throw malformed(['params', 'location']);
    return answerFile(context, http, await http.hub.app(appId.toLowerCase()), location.toLowerCase());
  });

  return routes;
}

/** URLs for a single upload or download, used by older clients. */
function ticketRoutes(routes: Hono, http: HttpContext, asClient: FindCaller): void {
  const ticketUrl = async (app: App, path: string): Promise<string> =>
    `${app.origin}/storage/${await app.files.ticket(path)}/consume-upload-url?app_id=${app.id}`;

  routes.post('/storage/signed-upload-url', async (context) => {
    const body = await bodyOf(context);
    const app = await http.hub.app(required(body, 'app_id', asUuid));
    checkUse('write', app.status);
    const path = required(body, 'filename', asText);
    await app.files.mayUpload({ userId: await viewerOf(context, http, app), isAdmin: false, ...addressOf(context, http) }, path);
    return context.json({ data: await ticketUrl(app, path) });
  });

  routes.post('/admin/storage/signed-upload-url', async (context) => {
    const app = await adminOf(context, http, 'write');
    return context.json({ data: await ticketUrl(app, required(await bodyOf(context), 'filename', asText)) });
  });

  routes.put('/storage/:ticket/consume-upload-url', async (context) => {
    const app = await http.hub.app(clientAppId(context));
    checkUse('write', app.status);
    const { ticket } = context.req.param();
    const path = await app.files.pathOf(ticket);
    return upload(context, http, app, adminActor, { path, ticket, ...typesIn(context) });
  });

  routes.get('/storage/signed-download-url', async (context) => {
    const { app, actor } = await asClient(context, 'read');
    const path = required(context.req.query(), 'filename', asText, 'params');
    return context.json({ data: await whenDurable(app.ledger, () => downloadUrl(app, path, actor)) });
  });

  routes.get('/admin/storage/signed-download-url', async (context) => {
    const app = await adminOf(context, http, 'read');
    const path = required(context.req.query(), 'filename', asText, 'params');
    return context.json({ data: await whenDurable(app.ledger, () => downloadUrl(app, path, undefined)) });
  });
}

async function upload(context: Context, http: HttpContext, app: App, actor: Actor, given: Upload): Promise<Response> {
  const { fileBytes } = http.limits;
  const declared = lengthOf(context);
  if (declared !== undefined && declared > fileBytes) throw overLimit('fileBytes', fileBytes, 'bytes of a file');
  await app.files.mayUpload(actor, given.path, declared);
  return context.json({ data: await app.files.upload(actor, given, bodyBytes(context, declared, fileBytes)) });
}

/** The body as a stream. @throws InstantAPIError if it does not arrive, is shorter than announced or larger than the limit */
async function* bodyBytes(context: Context, declared: number | undefined, most: number): AsyncIterable<Uint8Array> {
  let size = 0;
  const { body } = context.req.raw;
  for await (const chunk of body ? drainedChunks(body, () => malformed(['body'])) : []) {
    size += chunk.byteLength;
    if (size > most) throw overLimit('fileBytes', most, 'bytes of a file');
    yield chunk;
  }
  if (declared !== undefined && size !== declared) {
    throw rejection('param-malformed', `The body has ${size} bytes, and was to have ${declared}`, { in: ['body'] });
  }
}

function lengthOf(context: Context): number | undefined {
  const given = context.req.header('content-length');
  return given === undefined ? undefined : Number(given);
}

/** Clients name the app in one of two headers, or in the URL or body of other requests. */
function clientAppId(context: Context): string {
  const given = context.req.header('app-id') ?? context.req.header('app_id') ?? context.req.query('app_id');
  if (!given) throw missing(['app-id'], [['app_id']]);
  if (!isUuid(given.trim())) throw malformed(['app-id'], given, [['app-id'], ['app_id']]);
  return given.trim().toLowerCase();
}

/** Header values are Latin-1; `x-path` is percent-encoded and may contain any character. Older clients call the path `filename`. */
function pathIn(context: Context, isOfClient: boolean): string {
  const encoded = context.req.header('x-path');
  if (encoded !== undefined) {
    const path = decoded(encoded.replace(/^(path\*=)?utf-8''/i, ''));
    if (path === undefined || path.trim() === '') throw malformed(['x-path']);
    return path;
  }
  const path = context.req.header('path') ?? (isOfClient ? context.req.header('filename') : undefined);
  if (path === undefined) throw missing(['path'], isOfClient ? [['filename']] : undefined);
  if (path.trim() === '') throw malformed(['path'], '', isOfClient ? [['path'], ['filename']] : undefined);
  return path;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function typesIn(context: Context): Pick<Upload, 'contentType' | 'contentDisposition'> {
  const given = (name: string): string | undefined => {
    const value = context.req.header(name)?.trim();
    return value === undefined || value === '' || value === 'null' || value === 'undefined' ? undefined : value;
  };
  return { contentType: given('content-type'), contentDisposition: given('content-disposition') };
}

function listed({ files, ledger: { db } }: App): object[] {
  const idAttr = db.attrs.idAttr(filesEtype);
  return [...db.rows(filesEtype)]
    .filter((row) => row.exists(idAttr))
    .map((row) => ({
      key: files.keyOf(String(fieldOf(db, row, 'location-id'))),
      name: fieldOf(db, row, 'path'),
      size: fieldOf(db, row, 'size'),
      etag: null,
      last_modified: null,
    }));
}

/** `actor`: whose permissions apply; undefined = anonymous. */
function downloadUrl({ files, rulebook, ledger: { db } }: App, path: string, actor: Actor | undefined): string | null {
  const row = fileByPath(db, path);
  const visible = actor && rulebook.guard.readAccess(actor, new Set([filesEtype]), undefined, db.attrs).visibleIn?.(db);
  if (!row) return null;
  if (visible && !visible(filesEtype, row)) throw storageDenied('view');
  return files.url(String(fieldOf(db, row, 'location-id'))) ?? null;
}

function asTexts(given: unknown): readonly string[] | undefined {
  return Array.isArray(given) && given.every((each) => typeof each === 'string') ? given : undefined;
}
