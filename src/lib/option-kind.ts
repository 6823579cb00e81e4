// Whether the options of `init` are what the code takes them for. Checked where they are passed: their first use may be hours later, where no
// caller learns of the error.

/** A type, or the methods that an object must have. */
type OptionKind = 'function' | 'string' | 'boolean' | readonly string[];

/** Those that both entries with an `init` have. */
export const commonKinds = {
  clock: ['now', 'monotonicNow', 'setTimeout', 'clearTimeout'],
  random: ['next', 'uuid', 'eventId'],
  logger: ['debug', 'info', 'error'],
  fetch: 'function',
  onError: 'function',
  ReadableStream: 'function',
  WritableStream: 'function',
  useDateObjects: 'boolean',
} as const;

/** What is wrong with the first option that is not of its kind. One that is not given is right. */
export function wrongOption<Kinds extends Readonly<Record<string, OptionKind>>>(
  options: { readonly [Name in keyof Kinds]?: unknown },
  kinds: Kinds,
): string | undefined {
  for (const [name, kind] of Object.entries(kinds)) {
    const fault = wrongKind(name, options[name], kind);
    if (fault) return `init: ${name} ${fault}`;
  }
  return undefined;
}

function wrongKind(name: string, given: unknown, kind: OptionKind): string | undefined {
  if (given === undefined || given === null || typeof given === kind) return undefined;
  if (typeof kind === 'string') return `must be a ${kind}, but is of type ${typeof given}`;
  if (typeof given === 'object') {
    const missing = kind.find((method) => typeof (given as Readonly<Record<string, unknown>>)[method] !== 'function');
    return missing && `has no method ${missing}()`;
  }
  const advice = typeof given === 'function' && !name.startsWith('log') ? `: call it, as in ${name}: ${given.name || 'create'}(…)` : '';
  return `must be an object, but is of type ${typeof given}${advice}`;
}
