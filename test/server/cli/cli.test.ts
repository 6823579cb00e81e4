// The command, as a process of its own: starts, serves, stops.

import { type ChildProcess, spawn } from 'node:child_process';
import { createServer as createTcpServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';

const cli = fileURLToPath(new URL('../../../src/server/cli/cli.ts', import.meta.url));
const running: ChildProcess[] = [];

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

const ownAppId = '7b1c2d3e-4f50-4a61-8b72-9c83ad94be05';

interface Run {
  readonly child: ChildProcess;
  readonly firstLine: Promise<string>;
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
}

function run(...args: readonly string[]): Run {
  const child = spawn(process.execPath, ['--import', 'tsx', cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  let [out, err] = ['', ''];
  child.stderr.on('data', (data) => (err += String(data)));
  const firstLine = new Promise<string>((resolve) => {
    child.stdout.on('data', (data) => {
      out += String(data);
      if (out.includes('\n')) resolve(out.slice(0, out.indexOf('\n')));
    });
  });
  const ended = new Promise<Awaited<Run['ended']>>((resolve) => child.on('close', (code) => resolve({ code, out, err })));
  return { child, firstLine, ended };
}

test('dev serves until it receives SIGINT', async () => {
  const { child, firstLine, ended } = run('dev', '--memory', '--port', '0', '--json', '-a', ownAppId);
  const { url, appId, adminToken } = JSON.parse(await firstLine) as Record<string, string>;
  expect([url, appId, adminToken]).toEqual([expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/), expect.any(String), expect.any(String)]);
  expect(appId).toBe(ownAppId);
  expect(await (await fetch(`${url}/health`)).json()).toMatchObject({ status: 'ok' });
  const page = await fetch(`${url}/`, { headers: { origin: 'http://localhost:3000' } });
  expect(page.headers.get('access-control-allow-origin')).toBeNull();
  expect(await page.text()).toContain('Triplane');
  expect((await fetch(`${url}/nowhere`)).status).toBe(404);

  const socket = new WebSocket(`${url!.replace('http', 'ws')}/runtime/session?app_id=${appId}`);
  const received: string[] = [];
  socket.on('message', (data) => received.push((JSON.parse((data as Buffer).toString('utf8')) as { op: string }).op));
  await new Promise((opened) => socket.on('open', opened));
  socket.send(JSON.stringify({ op: 'init', 'app-id': appId, '__admin-token': adminToken }));
  socket.send(JSON.stringify({ op: 'add-query', q: { goals: {} } }));
  socket.send(Buffer.from([1, 2, 3]));
  await expect.poll(() => received.slice().sort()).toEqual(['add-query-ok', 'error', 'init-ok']);
  const closed = new Promise((resolve) => socket.on('close', resolve));
  child.kill('SIGINT');
  expect(await closed).toBe(1001);
  expect((await ended).code).toBe(0);
});

test('--help and --version print, and invalid arguments are rejected', async () => {
  const [help, version, twoPlaces, noCommand, noFlag] = await Promise.all(
    [['--help'], ['--version'], ['dev', '--memory', '--data', 'x'], ['fly'], ['dev', '--wings']].map((args) => run(...args).ended),
  );
  expect(help).toMatchObject({ code: 0, out: expect.stringContaining('--memory') });
  expect(version).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  expect(twoPlaces).toMatchObject({ code: 1, err: expect.stringContaining('--memory cannot be combined') });
  expect(noCommand).toMatchObject({ code: 1, err: expect.stringContaining("unknown command 'fly'") });
  expect(noFlag).toMatchObject({ code: 1, err: expect.stringMatching(/^triplane: .*--wings/) });
});

test('a port in use is rejected', async () => {
  const other = createTcpServer();
  const port = await new Promise<number>((resolve) =>
    other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port)),
  );
  const { code, err } = await run('dev', '--memory', '--port', String(port)).ended;
  other.close();
  expect(code).toBe(1);
  expect(err).toBe(`triplane: Cannot listen on 127.0.0.1:${port}: another program listens there\n`);
});
