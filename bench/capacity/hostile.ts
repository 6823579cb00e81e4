// An ordinary query beside costly queries and transactions of others.

import { addAttrs, adminToken, appId, Client, pause, Server } from './peers.ts';
import { attrs, idOf } from './app-data.ts';

/** What others do, again and again, beside an ordinary query. Each time it is another one, so that nothing is shared. */
const besides: Readonly<Record<string, (n: number) => object>> = {
  alone: () => ({}),
  patterns: (n) =>
    query({ items: { $: { where: { or: Array.from({ length: 50 }, (_, at) => ({ title: { $like: `%t%m%${at}%${n}%x%` } })) } } } }),
  everything: (n) => query({ items: { $: { where: { rank: { $gte: -n } } } } }),
  guardedPages: (n) => query({ items: { $: { where: { rank: { $gte: -n } }, order: { title: 'asc' }, last: 10 } } }),
  transactions: (n) => ({
    op: 'transact',
    'tx-steps': Array.from({ length: 2500 }, (_, at) => stepsOf(20_000 + ((n * 2500 + at) % 20_000))).flat(),
  }),
};

const query = (q: object): object => ({ op: 'add-query', q });

/** How long an ordinary query of a guest takes beside eight guests who ask for something costly, over 20,000 entities with a rule. */
export async function hostile(): Promise<object> {
  const server = await Server.start('memory');
  const writer = await new Client(server.url).ready();
  await writer.request(addAttrs, 'transact-ok');
  for (let from = 0; from < 20_000; from += 2000) {
    const steps = Array.from({ length: 2000 }, (_, at) => stepsOf(from + at)).flat();
    await writer.request({ op: 'transact', 'tx-steps': steps }, 'transact-ok');
  }
  const rule = "data.title.startsWith('Item') && data.rank >= 0 && size(data.owner) > 2";
  const rules = { items: { allow: { view: rule, create: rule, update: rule } } };
  const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' };
  await fetch(`${server.url}/dash/apps/${appId}/rules`, { method: 'POST', headers, body: JSON.stringify({ code: rules }) });
  const figures: Record<string, number> = {};
  const wanted = process.env.BESIDES?.split(' ');
  for (const [name, besidesOf] of Object.entries(besides)) {
    if (wanted && !wanted.includes(name)) continue;
    const others = name === 'alone' ? [] : await Promise.all(Array.from({ length: 8 }, () => new Client(server.url).ready(true)));
    let made = 0;
    for (const other of others) askOn(other, () => besidesOf(made++));
    await server.usage('begin');
    const took = await ordinaryQueries(await new Client(server.url).ready(true));
    const { longestTurnMs } = await server.usage();
    for (const { socket } of others) socket.terminate();
    const [p50 = 0, p99 = 0] = [took[50], took[98]];
    Object.assign(figures, { [`${name} p50`]: p50, [`${name} p99`]: p99, [`${name} turn`]: longestTurnMs, [`${name} asked`]: made });
  }
  await server.stop();
  return figures;
}

/** Does the next as soon as one is answered. Results are not parsed: this process measures. */
function askOn({ socket }: Client, next: () => object): void {
  socket.removeAllListeners('message');
  let last: { readonly q?: unknown } | undefined;
  const ask = (): void => {
    if (last?.q) socket.send(JSON.stringify({ op: 'remove-query', 'client-event-id': 'r', q: last.q }));
    last = next();
    socket.send(JSON.stringify({ 'client-event-id': crypto.randomUUID(), ...last }));
  };
  socket.on('message', (data) => {
    const head = (data as Buffer).subarray(0, 300).toString('latin1');
    if (['"add-query-ok"', '"transact-ok"', '"error"'].some((op) => head.includes(op))) ask();
  });
  ask();
}

function stepsOf(n: number): readonly unknown[] {
  const values = [idOf('e0', n), `Item number ${(n * 7919) % 100_003}`, n, `owner ${n % 1000}`];
  return values.map((value, at) => ['add-triple', idOf('e0', n), attrs[at]?.id, value]);
}

/** Milliseconds of 100 queries, sorted. */
async function ordinaryQueries(client: Client): Promise<readonly number[]> {
  const took: number[] = [];
  for (let n = 0; n < 100; n++) {
    const q = { items: { $: { where: { owner: `owner ${n}` } } } };
    const began = performance.now();
    await client.request({ op: 'add-query', q }, 'add-query-ok');
    took.push(performance.now() - began);
    await client.request({ op: 'remove-query', q }, 'remove-query-ok');
    await pause(10);
  }
  client.socket.terminate();
  return took.sort((one, other) => one - other);
}
