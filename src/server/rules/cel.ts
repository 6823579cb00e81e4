// The expression language of rules, by `@marcbachmann/cel-js`: an optional package, loaded when an app has rules, as is the one
// for patterns. An expression is checked when it is compiled; what it names is kept, as it tells what its outcome depends on.

import { TriplaneError } from '../../errors.ts';
import { Fields } from './fields.ts';
import { eachNode, Meter, meterNodes } from './cost-limit.ts';
import { type Names, namesIn } from './names.ts';
import { type PatternLibrary, Patterns } from './patterns.ts';
import { Bucket } from './rate-limits.ts';

type Library = typeof import('@marcbachmann/cel-js');
type Environment = InstanceType<Library['Environment']>;

export interface Expression {
  readonly code: string;
  readonly names: Names;
  /** @throws Error if it cannot be evaluated */
  readonly evaluate: (variables: object) => unknown;
}

let loading: Promise<Cel> | undefined;

/** @throws TriplaneError 'dependency-missing' */
export function loadCel(): Promise<Cel> {
  loading ??= Promise.all([import('@marcbachmann/cel-js'), import('re2js')]).then(
    ([library, patterns]) => new Cel(library, patterns),
    (cause: unknown) => {
      loading = undefined;
      const message = 'Permission rules need two more packages. Run: npm install @marcbachmann/cel-js@8 re2js@2';
      throw new TriplaneError('dependency-missing', message, { cause });
    },
  );
  return loading;
}

export class Cel {
  readonly meter = new Meter();
  readonly #base: Environment;
  readonly #patterns: Patterns;

  constructor({ Environment }: Library, patterns: PatternLibrary) {
    this.#patterns = new Patterns(patterns, this.meter);
    const limits = { maxAstNodes: 5000, maxDepth: 100 };
    this.#base = new Environment({ homogeneousAggregateLiterals: false, limits });
    addTypes(this.#base);
    addFunctions(this.#base);
    const matches = (text: string, pattern: string): boolean => this.#patterns.matches(text, pattern);
    this.#base.registerFunction(`string.${ownMatches}(string): bool`, matches, now);
  }

  /** @throws Error if it is none, or speaks of what is not there */
  compile(code: string, variables: readonly string[], binds: readonly string[]): Expression {
    const environment = this.#base.clone();
    for (const name of variables) environment.registerVariable(name, 'Fields');
    for (const name of binds) environment.registerVariable(name, 'dyn');
    const parsed = environment.parse(code);
    eachNode(parsed.ast, (node) => this.#useOwnMatches(node));
    const names = namesIn(parsed.ast);
    const { valid, error } = parsed.check();
    if (!valid) throw new Error(summaryOf(error), { cause: error });
    meterNodes(parsed.ast, this.meter);
    return { code, names, evaluate: (given) => this.meter.run((): unknown => parsed(given)) };
  }

  /** The library lets nobody put another function in the place of its own; the tree is not checked yet. */
  #useOwnMatches(node: object): void {
    if (!('op' in node && node.op === 'rcall' && 'args' in node && Array.isArray(node.args))) return;
    const call = node.args as unknown[];
    if (call[0] !== 'matches') return;
    call[0] = ownMatches;
    const [pattern] = (Array.isArray(call[2]) ? call[2] : []) as { readonly op?: unknown; readonly args?: unknown }[];
    if (pattern?.op === 'value' && typeof pattern.args === 'string') this.#patterns.compiled(pattern.args);
  }
}

/** What is wrong, in one line. */
export function summaryOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const summary = 'summary' in error && typeof error.summary === 'string' ? error.summary : error.message;
  return summary.split('\n')[0] ?? '';
}

const now = { async: false };
const ownMatches = 'matchesRe2';

function addTypes(environment: Environment): void {
  environment.registerType('Fields', { ctor: Fields });
  environment.registerType('RateLimit', { ctor: Bucket });
  environment.registerOperator('string in Fields', (name: string, fields: Fields) => fields.has(name));
  // Whole numbers of the data are integers, the others are not: rules should not have to care.
  const mixed: Readonly<Record<string, (a: number, b: number) => number>> = {
    '+': (a, b) => a + b,
    '-': (a, b) => a - b,
    '*': (a, b) => a * b,
    '/': (a, b) => a / b,
  };
  for (const [sign, compute] of Object.entries(mixed)) {
    const handler = (a: bigint | number, b: bigint | number): number => compute(Number(a), Number(b));
    environment.registerOperator(`int ${sign} double: double`, handler);
    environment.registerOperator(`double ${sign} int: double`, handler);
  }
}

function addFunctions(environment: Environment): void {
  const add = (signature: string, handler: (...given: never[]) => unknown): void => {
    environment.registerFunction(signature, handler as (...given: unknown[]) => unknown, now);
  };
  add('Fields.ref(string): list<dyn>', (fields: Fields, path: string) => fields.ref(path));
  add('size(Fields): int', (fields: Fields) => BigInt([...fields.keys()].length));
  add('RateLimit.limit(dyn): bool', (bucket: Bucket, key: unknown) => bucket.limit(String(key), 1));
  add('RateLimit.limit(dyn, int): bool', (bucket: Bucket, key: unknown, tokens: bigint) => bucket.limit(String(key), Number(tokens)));
  add('google.protobuf.Timestamp.getTime(): int', (time: Date) => BigInt(time.getTime()));
  add('string.replace(string, string): string', (text: string, from: string, to: string) => text.replaceAll(from, to));
  add('string.charAt(int): string', (text: string, at: bigint) => text.charAt(Number(at)));
  add('string.reverse(): string', (text: string) => [...text].reverse().join(''));
}
