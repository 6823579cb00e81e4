// PostgreSQL's logical replication messages, as far as they are used here: rows inserted into one table, between begin and end of each
// transaction. https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html

export type WalMessage =
  /** Keep-alive of the server; `reply`: it requests a response. */
  | { readonly is: 'alive'; readonly end: bigint; readonly reply: boolean }
  | { readonly is: 'added'; readonly end: bigint; readonly columns: readonly (string | null)[] }
  | { readonly is: 'commit'; readonly end: bigint }
  | { readonly is: 'other'; readonly end: bigint };

export function readWalMessage(chunk: Buffer): WalMessage {
  const kind = String.fromCharCode(chunk.readUInt8(0));
  if (kind === 'k') return { is: 'alive', end: chunk.readBigUInt64BE(1), reply: chunk.readUInt8(17) === 1 };
  const end = chunk.readBigUInt64BE(9);
  if (kind !== 'w') return { is: 'other', end };
  const inner = String.fromCharCode(chunk.readUInt8(25));
  if (inner === 'C') return { is: 'commit', end };
  // 'I', the table's number, 'N', the row.
  if (inner === 'I') return { is: 'added', end, columns: readRow(chunk, 31) };
  return { is: 'other', end };
}

function readRow(chunk: Buffer, start: number): (string | null)[] {
  const columns: (string | null)[] = [];
  const count = chunk.readUInt16BE(start);
  let at = start + 2;
  for (let n = 0; n < count; n++) {
    const kind = String.fromCharCode(chunk.readUInt8(at++));
    if (kind !== 't') {
      columns.push(null);
      continue;
    }
    const length = chunk.readUInt32BE(at);
    columns.push(chunk.toString('utf8', at + 4, at + 4 + length));
    at += 4 + length;
  }
  return columns;
}

/** Standby status update: everything up to here was received. Time is in microseconds since the year 2000. */
export function standbyStatus(end: bigint, nowMs: number): Buffer {
  const status = Buffer.alloc(34);
  status.write('r', 0, 'latin1');
  for (const at of [1, 9, 17]) status.writeBigUInt64BE(end, at);
  status.writeBigInt64BE(BigInt(nowMs - 946_684_800_000) * 1000n, 25);
  return status;
}
