// A line to somewhere else that can be cut as a bad network cuts it: nothing comes through any more, and nobody is told.

import { connect, createServer, type Socket } from 'node:net';

export interface Cut {
  readonly port: number;
  /** From now on nothing gets through, in what is open and in what is opened. */
  cut(): void;
  /** What was open breaks; what is opened gets through. */
  heal(): void;
  close(): Promise<void>;
}

export async function channelTo(target: number): Promise<Cut> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    keep(near);
    if (isCut) return;
    const far = connect(target, '127.0.0.1');
    keep(far);
    near.on('data', (data) => !isCut && far.write(data));
    far.on('data', (data) => !isCut && near.write(data));
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    cut: () => (isCut = true),
    heal() {
      isCut = false;
      breakAll();
    },
    close() {
      breakAll();
      return new Promise((closed) => server.close(() => closed()));
    },
  };
}
