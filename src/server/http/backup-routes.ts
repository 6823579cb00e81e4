// Backup of a running server, requested by `triplane backup`.

import { Hono } from 'hono';
import { isAbsolute } from 'node:path';
import { isTriplaneError } from '../../errors.ts';
import { invalid } from '../errors.ts';
import { asText, bodyOf, required } from './request.ts';
import { requireOperator } from './caller.ts';
import type { HttpContext } from './context.ts';

export function backupRoutes(http: HttpContext): Hono {
  const routes = new Hono();

  /** A path on the server's machine. */
  routes.post('/backup', async (context) => {
    await requireOperator(context, http.hub);
    const file = required(await bodyOf(context), 'file', asText);
    if (!isAbsolute(file)) throw invalid('backup', file, [{ message: 'the path of the file must be absolute', in: ['file'] }]);
    try {
      await http.hub.backup(file);
    } catch (error) {
      if (isTriplaneError(error)) throw invalid('backup', file, [{ message: error.message, in: ['file'] }]);
      throw error;
    }
    return context.json({ file });
  });

  return routes;
}
