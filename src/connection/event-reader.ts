// Server-sent events out of a stream of text, as the HTML standard has them. Only `data` counts here: the protocol uses no
// names, ids or retry times. PROTOCOL.md#sse-init

export interface EventsRead {
  event(data: string): void;
  /** A comment: it keeps the line alive, and shows that it is. */
  beat(): void;
}

/** Takes the text piece by piece, wherever it is cut. */
export function eventReader(on: EventsRead): (text: string) => void {
  let rest = '';
  let isCutAtReturn = false;
  let data: string[] = [];
  let isFirst = true;
  const take = (line: string): void => {
    if (line === '') {
      if (data.length > 0) on.event(data.join('\n'));
      data = [];
    } else if (line.startsWith(':')) {
      on.beat();
    } else if (line === 'data' || line.startsWith('data:')) {
      data.push(line.slice(line.startsWith('data: ') ? 6 : 5));
    }
  };
  return (text) => {
    if (text === '') return;
    const piece = isFirst ? text.replace(/^\uFEFF/, '') : text;
    isFirst = false;
    // Most pieces of a long event have no end of a line in them: what came before is not looked at again for each.
    if (!isCutAtReturn && !/[\r\n]/.test(piece)) {
      rest += piece;
      return;
    }
    // A return at the very end may be the first half of a line break.
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    isCutAtReturn = rest.endsWith('\r');
    for (const line of lines) take(line);
  };
}
