// Request headers in any of the forms that server frameworks use.

export type HeadersLike = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

/** `name` in lower case. */
export function readHeader(headers: HeadersLike, name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  const found = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  return typeof found === 'string' ? found : found?.[0];
}
