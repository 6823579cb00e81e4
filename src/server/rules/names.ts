// What an expression speaks of, read from its tree: variables, the fields of some of them, and paths of `ref`. Says nothing of
// what the expression means.

export interface Ref {
  /** The variable whose `ref` is called; undefined if it cannot be told. */
  readonly on: string | undefined;
  /** Undefined if it is computed. */
  readonly path: string | undefined;
}

export interface Names {
  readonly variables: ReadonlySet<string>;
  /** `auth.id` → `auth` → `id`. A variable used in another way has `*`. */
  readonly fields: ReadonlyMap<string, ReadonlySet<string>>;
  readonly refs: readonly Ref[];
}

interface Node {
  readonly op: string;
  readonly args: unknown;
}

interface Found {
  readonly variables: Set<string>;
  readonly fields: Map<string, Set<string>>;
  readonly refs: Ref[];
}

export function namesIn(tree: unknown): Names {
  const found: Found = { variables: new Set(), fields: new Map(), refs: [] };
  visit(tree, found);
  return found;
}

function visit(part: unknown, found: Found): void {
  if (Array.isArray(part)) return part.forEach((each) => visit(each, found));
  if (!isNode(part)) return;
  if (part.op === 'id') return note(String(part.args), '*', found);
  const [first, second, third] = Array.isArray(part.args) ? (part.args as readonly unknown[]) : [part.args];
  if (part.op === '.' && isVariable(first)) return note(first.args, String(second), found);
  if (part.op === 'rcall' && first === 'ref') {
    const path = Array.isArray(third) ? (third as readonly unknown[])[0] : undefined;
    const isLiteral = isNode(path) && path.op === 'value' && typeof path.args === 'string';
    found.refs.push({ on: isVariable(second) ? second.args : undefined, path: isLiteral ? String(path.args) : undefined });
    if (isVariable(second)) note(second.args, 'ref()', found);
    else visit(second, found);
    return visit(third, found);
  }
  visit(part.args, found);
}

function note(variable: string, field: string, { variables, fields }: Found): void {
  variables.add(variable);
  const known = fields.get(variable) ?? new Set<string>();
  fields.set(variable, known.add(field));
}

function isNode(part: unknown): part is Node {
  return typeof part === 'object' && part !== null && 'op' in part && typeof part.op === 'string' && 'args' in part;
}

function isVariable(part: unknown): part is { readonly op: 'id'; readonly args: string } {
  return isNode(part) && part.op === 'id' && typeof part.args === 'string';
}
