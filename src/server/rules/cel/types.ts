// Static types of expressions. `dyn` is any type; a capital letter in a signature is a type parameter.

export interface Type {
  readonly name: string;
  readonly of: readonly Type[];
}

const none: readonly Type[] = [];
const simple = (name: string): Type => ({ name, of: none });

export const dyn = simple('dyn');
export const bool = simple('bool');
export const int = simple('int');
export const string = simple('string');
export const listOf = (element: Type): Type => ({ name: 'list', of: [element] });
export const mapOf = (key: Type, value: Type): Type => ({ name: 'map', of: [key, value] });
export const typeOf = (type: Type): Type => ({ name: 'type', of: [type] });

/** Types that null is assignable to. */
const nullable: ReadonlySet<string> = new Set(['null', 'timestamp', 'duration', 'request']);
const isParameter = ({ name }: Type): boolean => /^[A-Z]$/.test(name);

/** `list(string)`, `map(string, dyn)`, `A` */
export function readType(text: string): Type {
  const [, name = '', inner] = /^([A-Za-z_]+)(?:\((.*)\))?$/.exec(text.trim()) ?? [];
  return { name, of: inner === undefined ? none : readTypes(inner) };
}

/** The parts between commas. */
export function readTypes(text: string): Type[] {
  return text.trim() === '' ? [] : text.split(/,(?![^(]*\))/).map(readType);
}

export function typeText({ name, of }: Type): string {
  return of.length > 0 ? `${name}(${of.map(typeText).join(', ')})` : name;
}

export type Bound = Map<string, Type>;

/** Whether a value of one type is accepted where another is expected. Binds type parameters. */
export function fits(given: Type, wanted: Type, bound: Bound): boolean {
  if (isParameter(wanted)) return fitsParameter(given, wanted.name, bound);
  if (given.name === 'dyn' || wanted.name === 'dyn') return true;
  if (given.name === 'null') return nullable.has(wanted.name);
  // Every type is a value of type `type`.
  if (given.name === 'type') return wanted.name === 'type';
  return given.name === wanted.name && given.of.every((part, at) => fits(part, wanted.of[at] ?? dyn, bound));
}

function fitsParameter(given: Type, name: string, bound: Bound): boolean {
  const known = bound.get(name);
  if (!known) {
    bound.set(name, given);
    return true;
  }
  if (!fits(given, known, bound) && !fits(known, given, bound)) return false;
  bound.set(name, wider(known, given));
  return true;
}

/** The wider of two types of which one is assignable to the other. */
function wider(a: Type, b: Type): Type {
  if (a.name === 'dyn' || b.name === 'dyn') return dyn;
  if (a.name === 'null') return b;
  return a.name === b.name ? { ...a, of: a.of.map((part, at) => wider(part, b.of[at] ?? dyn)) } : a;
}

/** A type with its type parameters replaced. */
export function resolved(type: Type, bound: Bound): Type {
  if (isParameter(type)) return bound.get(type.name) ?? dyn;
  return type.of.length > 0 ? { ...type, of: type.of.map((part) => resolved(part, bound)) } : type;
}

/** A type that includes the values of both. */
export function joined(a: Type | undefined, b: Type): Type {
  return !a || typeText(a) === typeText(b) ? b : dyn;
}
