// Compiles rule expressions for the variables a rule has. The packages that parse expressions and patterns are optional and loaded when an
// app has rules.

import { TriplaneError } from '../../errors.ts';
import { Compiler } from './cel/compiler.ts';
import type { Node, Run } from './cel/node.ts';
import { conversions } from './cel/conversions.ts';
import type { Expr, Parse, Parsed } from './cel/expression.ts';
import { formatFunctions } from './cel/format.ts';
import { mathFunctions } from './cel/math.ts';
import { operators } from './cel/operators.ts';
import { type Definition, FunctionTable } from './cel/overloads.ts';
import { stringFunctions } from './cel/strings.ts';
import { timeFunctions } from './cel/time.ts';
import { readType, type Type } from './cel/types.ts';
import { EvaluationError, type MapValue, Uint } from './cel/values.ts';
import { CostLimit } from './cost-limit.ts';
import { Fields } from './fields.ts';
import { type Names, namesIn } from './names.ts';
import { type PatternLibrary, Patterns } from './patterns.ts';
import type { Bucket } from './rate-limits.ts';

export interface Expression {
  /** Includes everything the rule binds. */
  readonly code: string;
  /** Of the expression and of everything it binds. */
  readonly names: readonly Names[];
  /** @throws Error if the expression cannot be evaluated */
  readonly evaluate: (variables: object) => unknown;
  /** Where evaluation failed, as `line:column` and the text from there; undefined if unknown. */
  readonly locate: (variables: object) => string | undefined;
}

export type Binds = Readonly<Record<string, string>>;

let loading: Promise<Cel> | undefined;

/** @throws TriplaneError 'dependency-missing' */
export function loadCel(): Promise<Cel> {
  loading ??= Promise.all([import('@bufbuild/cel'), import('@bufbuild/re2')]).then(
    ([{ parse }, patterns]) => new Cel(parse, patterns),
    (cause: unknown) => {
      loading = undefined;
      const message = 'Permission rules need two more packages. Run: npm install @bufbuild/cel@0.6.1 @bufbuild/re2@0.6.1';
      throw new TriplaneError('dependency-missing', message, { cause });
    },
  );
  return loading;
}

const map = readType('map(string, dyn)');
const variableTypes: Readonly<Record<string, Type>> = { request: readType('request'), rateLimit: readType('map(string, rateLimit)') };
const requestFields = {
  modifiedFields: readType('list(string)'),
  time: readType('timestamp'),
  ip: readType('string'),
  origin: readType('string'),
};

export class Cel {
  readonly limit = new CostLimit();
  readonly patterns: Patterns;
  readonly functions: FunctionTable;
  readonly #parse: Parse;

  constructor(parse: Parse, patterns: PatternLibrary) {
    this.#parse = parse;
    this.patterns = new Patterns(patterns, this.limit);
    const matches = (text: string, pattern: string): boolean => this.patterns.matches(text, pattern);
    const own: Definition[] = [['string.matches(string): bool', matches], ['matches(string, string): bool', matches], ...ruleFunctions];
    this.functions = new FunctionTable([
      ...operators,
      ...conversions,
      ...stringFunctions,
      ...formatFunctions,
      ...mathFunctions,
      ...timeFunctions,
      ...own,
    ]);
  }

  /** @throws Error if the text is not an expression */
  parse(code: string): Expr {
    return this.parseWithPositions(code).expr;
  }

  /** @throws Error if the text is not an expression */
  parseWithPositions(code: string): Parsed {
    // Without a final line break, a trailing comment is a syntax error.
    return this.#parse(`${code}\n`);
  }

  /** @throws Error if the expression is invalid or uses an unknown name */
  compile(code: string, variables: readonly string[], binds: Binds): Expression {
    const locate = (given: object): string | undefined => {
      const places = new Map<unknown, string>();
      const { names, evaluate } = new RuleCompiler(this, variables, binds, places).compile(code);
      // Already evaluated: evaluating it again would count against the limit again.
      if (names.some(({ limits }) => [...limits].length > 0)) return undefined;
      try {
        evaluate(given);
      } catch (error) {
        return places.get(error);
      }
      return undefined;
    };
    return { ...new RuleCompiler(this, variables, binds).compile(code), locate };
  }
}

/** Maximum length of the excerpt of a rule in an error. */
const maxExcerpt = 60;

function placeIn(code: string, offset: number): string {
  const before = code.slice(0, offset).split('\n');
  const rest = code.slice(offset, offset + maxExcerpt).split('\n')[0] ?? '';
  return `${before.length}:${(before.at(-1) ?? '').length + 1} ${rest}`.trim();
}

/** A bound expression is compiled when first referenced and evaluated at most once, when first needed. */
class RuleCompiler {
  readonly #cel: Cel;
  readonly #variables: ReadonlySet<string>;
  readonly #binds: Binds;
  readonly #bound = new Map<string, Node>();
  /** In dependency order. */
  readonly #used: string[] = [];
  readonly #names: Names[] = [];
  readonly #trail: string[] = [];

  /** Error → where it was thrown; recorded only on request. */
  readonly #places: Map<unknown, string> | undefined;

  constructor(cel: Cel, variables: readonly string[], binds: Binds, places?: Map<unknown, string>) {
    this.#cel = cel;
    this.#variables = new Set(variables);
    this.#binds = binds;
    this.#places = places;
  }

  compile(code: string): Omit<Expression, 'locate'> {
    const { run, locals } = this.#compiled(code);
    const { limit } = this.#cel;
    const used = this.#used.length;
    return {
      code: this.#used.reduceRight((inner, name) => `cel.bind(${name}, ${this.#binds[name] ?? ''}, ${inner})`, code),
      names: this.#names,
      evaluate: (variables) => limit.run(() => run({ variables, bound: new Array<unknown>(used) }, new Array<unknown>(locals))),
    };
  }

  #compiled(code: string): { readonly run: Run; readonly type: Type; readonly locals: number } {
    const { expr, sourceInfo } = this.#cel.parseWithPositions(code);
    const places = this.#places;
    this.#names.push(namesIn(expr));
    const compiler = new Compiler({
      functions: this.#cel.functions,
      resolve: (name) => this.#resolve(name),
      limit: this.#cel.limit,
      fields: { request: requestFields },
      ...(places && {
        onError: (error: unknown, { id }: Expr) => {
          const offset = sourceInfo?.positions[String(id)];
          if (!places.has(error) && offset !== undefined) places.set(error, placeIn(code, offset));
        },
      }),
    });
    const { run, type } = compiler.compile(expr);
    return { run, type, locals: compiler.locals };
  }

  #resolve(name: string): Node | undefined {
    const isVariable = this.#variables.has(name);
    const code = Object.hasOwn(this.#binds, name) ? this.#binds[name] : undefined;
    const isWithin = this.#trail.includes(name);
    if (code !== undefined && !(isVariable && isWithin)) {
      if (isWithin) throw new Error(`what is bound goes in a circle: ${[...this.#trail, name].join(' → ')}`);
      return this.#bind(name, code);
    }
    if (!isVariable) return undefined;
    return { type: variableTypes[name] ?? map, run: ({ variables }) => (variables as Readonly<Record<string, unknown>>)[name] };
  }

  #bind(name: string, code: string): Node {
    const known = this.#bound.get(name);
    if (known) return known;
    if (typeof code !== 'string') throw new Error(`what is bound to '${name}' is no text`);
    this.#trail.push(name);
    const { run, type, locals } = this.#compiled(code);
    this.#trail.pop();
    const at = this.#used.push(name) - 1;
    const node: Node = { type, run: (given) => (given.bound[at] ??= run(given, new Array<unknown>(locals))) };
    this.#bound.set(name, node);
    return node;
  }
}

/** The error as one line. */
export function summaryOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n')[0] ?? '';
}

function refOf(from: MapValue, path: string): unknown {
  if (!(from instanceof Fields)) throw new EvaluationError('only data, linkedData and auth have ref', 'OVERLOAD_NOT_FOUND');
  return from.ref(path);
}

const keyText = (key: unknown): string => String(key instanceof Uint ? key.value : key);

const ruleFunctions: readonly Definition[] = [
  ['map(string, dyn).ref(string): list(dyn)', refOf],
  ['rateLimit.limit(A): bool', (bucket: Bucket, key: unknown) => bucket.limit(keyText(key), 1)],
  ['rateLimit.limit(A, int): bool', (bucket: Bucket, key: unknown, tokens: bigint) => bucket.limit(keyText(key), Number(tokens))],
];
