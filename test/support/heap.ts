// How much memory another process of Node holds after collection. It was started with `NODE_OPTIONS=--inspect=127.0.0.1:0`.

import { WebSocket } from 'ws';

import type { Running } from './cli.ts';

interface Answer {
  readonly id?: number;
  readonly result?: { readonly usedSize?: number };
}

export async function heapOf(running: Running): Promise<number> {
  const url = /Debugger listening on (ws:\S+)/.exec(running.sent())?.[1];
  if (!url) throw new Error('The process has no inspector');
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  try {
    for (let time = 0; time < 3; time += 1) await ask(socket, 'HeapProfiler.collectGarbage');
    return (await ask(socket, 'Runtime.getHeapUsage')).usedSize ?? 0;
  } finally {
    socket.close();
  }
}

let lastId = 0;
function ask(socket: WebSocket, method: string): Promise<NonNullable<Answer['result']>> {
  const id = (lastId += 1);
  return new Promise((resolve) => {
    const receive = (data: Buffer): void => {
      const answer = JSON.parse(data.toString()) as Answer;
      if (answer.id !== id) return;
      socket.off('message', receive);
      resolve(answer.result ?? {});
    };
    socket.on('message', receive);
    socket.send(JSON.stringify({ id, method }));
  });
}
