// `/metrics` in Prometheus format. Requires the operator token, because metrics reveal usage.

import { Hono } from 'hono';
import { TriplaneError } from '../../errors.ts';
import { requireOperator } from './caller.ts';
import type { HttpContext } from './context.ts';

export function metricsRoutes(http: HttpContext): Hono {
  const routes = new Hono();
  let loading: ReturnType<typeof registryFor> | undefined;

  routes.get('/metrics', async (context) => {
    await requireOperator(context, http.hub);
    const registry = await (loading ??= registryFor(http));
    return context.body(await registry.metrics(), 200, { 'content-type': registry.contentType });
  });

  return routes;
}

async function registryFor({ hub }: HttpContext) {
  const { collectDefaultMetrics, Gauge, Registry } = await import('prom-client').catch((cause: unknown) => {
    throw new TriplaneError('dependency-missing', '/metrics needs the package prom-client: npm install prom-client', { cause });
  });
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      ...{ name, help, registers: [registry] },
      collect() {
        this.set(read());
      },
    });
  };
  gauge('triplane_sessions', 'Open connections', () => hub.sessionCount);
  gauge('triplane_apps', 'Apps in memory', () => hub.summary().length);
  gauge('triplane_rooms', 'Rooms with a session in them', () => hub.summary().reduce((sum, { rooms }) => sum + rooms, 0));
  return registry;
}
