// Long texts in pieces. No character is cut: one half of a surrogate pair cannot be encoded.

/** The text from a place on, about `length` long. */
export function pieceOf(text: string, from: number, length: number): string {
  const to = from + length;
  const endsInPair = to < text.length && isHighSurrogate(text.charCodeAt(to - 1));
  return text.slice(from, endsInPair ? to + 1 : to);
}

/** At least one piece. */
export function* piecesOf(text: string, length: number): Generator<string, undefined> {
  let from = 0;
  do {
    const piece = pieceOf(text, from, length);
    yield piece;
    from += piece.length;
  } while (from < text.length);
}

const isHighSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdbff;
