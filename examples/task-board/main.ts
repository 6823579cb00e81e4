// `npm start`: the board, until Ctrl-C. `--port <n>` is the port of the page, `--memory` stores nothing, `--empty` omits the example data.

import { parseArgs } from 'node:util';

import { startBoard } from './start.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4800' },
    memory: { type: 'boolean', default: false },
    empty: { type: 'boolean', default: false },
  },
});

try {
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port takes a number up to 65535, not '${values.port}'`);
  const board = await startBoard({ ...values, port });
  console.log(`The board is at ${board.url}\n\nOpen it in two windows, side by side. Ctrl-C ends it; tasks are kept ${board.where}.`);
  const stop = (): void => void board.close().then(() => process.exit(0));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
} catch (error) {
  process.exitCode = 1;
  process.stderr.write(`The board did not start: ${error instanceof Error ? error.message : String(error)}\n`);
}
