/** The small faults that can be planted in a source: one operator, constant, condition or call each, as a programmer slips. */
import { type Node, parseSync, visitorKeys } from 'oxc-parser';
import type { Fault } from './plant.ts';

/** Each operator and method, and what it is easily taken for. */
const TAKEN_FOR: Readonly<Record<string, string>> = {
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
  '%': '*',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '===': '!==',
  '!==': '===',
  '&': '|',
  '|': '&',
  '<<': '>>>',
  '>>>': '<<',
  '>>': '<<',
  '&&': '||',
  '||': '&&',
  '??': '&&',
  '++': '--',
  '--': '++',
  '+=': '-=',
  '-=': '+=',
  '|=': '&=',
  '&=': '|=',
  min: 'max',
  max: 'min',
  floor: 'ceil',
  ceil: 'floor',
  some: 'every',
  every: 'some',
  find: 'findLast',
  indexOf: 'lastIndexOf',
  startsWith: 'endsWith',
};

/** The operator between or beside its operands: looked for from `from`, since a syntax tree does not say where it stands. */
function swapped(source: string, operator: string, from: number): Fault[] {
  const text = TAKEN_FOR[operator];
  const start = source.indexOf(operator, from);
  return text === undefined || start < 0 ? [] : [{ start, end: start + operator.length, text }];
}

const negated = (source: string, { start, end }: Node): Fault => ({
  start,
  end,
  text: `!(${source.slice(start, end)})`,
});

/** Conditions that are comparisons, or joined by && or ||, have faults of their own. */
const condition = (source: string, test: Node): Fault[] =>
  test.type === 'BinaryExpression' || test.type === 'LogicalExpression' || test.type === 'UnaryExpression'
    ? []
    : [negated(source, test)];

type Planter<T extends Node['type']> = (node: Extract<Node, { type: T }>, source: string) => Fault[];

const PLANTERS: { readonly [T in Node['type']]?: Planter<T> } = {
  BinaryExpression: ({ left, operator }, source) => swapped(source, operator, left.end),
  LogicalExpression: ({ left, operator }, source) => swapped(source, operator, left.end),
  AssignmentExpression: ({ left, operator }, source) => (operator === '=' ? [] : swapped(source, operator, left.end)),
  UpdateExpression: ({ operator, prefix, argument, start }, source) =>
    swapped(source, operator, prefix ? start : argument.end),
  UnaryExpression: ({ operator, start }) =>
    operator === '!' || operator === '-' ? [{ start, end: start + 1, text: ' ' }] : [],
  IfStatement: ({ test }, source) => condition(source, test),
  ConditionalExpression: ({ test }, source) => condition(source, test),
  Literal: ({ start, end, value }) =>
    typeof value === 'number'
      ? [{ start, end, text: String(value + 1) }]
      : typeof value === 'boolean'
        ? [{ start, end, text: String(!value) }]
        : [],
  MemberExpression: ({ property, computed }, source) =>
    computed ? [] : swapped(source, source.slice(property.start, property.end), property.start),
  ExpressionStatement: ({ expression: { type, start, end } }) =>
    type === 'CallExpression' || type === 'AwaitExpression' ? [{ start, end, text: 'void 0' }] : [],
};

/** Types have no effect, an import has to be there, and how an error is worded is told by no test. */
const isPassedOver = ({ type }: Node): boolean =>
  type === 'ImportDeclaration' ||
  type === 'ThrowStatement' ||
  (type.startsWith('TS') && !['TSAsExpression', 'TSNonNullExpression', 'TSSatisfiesExpression'].includes(type));

const isFunction = ({ type }: Node): boolean => type.endsWith('FunctionExpression') || type === 'FunctionDeclaration';

/** A literal outside of all functions is a setting, and a choice: another one would be as right. */
function collect(node: Node, source: string, into: Fault[], inside = false): void {
  if (isPassedOver(node) || (node.type === 'Literal' && !inside)) return;
  const planter = PLANTERS[node.type] as ((node: Node, source: string) => Fault[]) | undefined;
  into.push(...(planter?.(node, source) ?? []));
  for (const key of visitorKeys[node.type] ?? []) {
    const child = (node as unknown as Record<string, Node | null | readonly (Node | null)[]>)[key];
    for (const each of Array.isArray(child) ? child : [child])
      if (each) collect(each as Node, source, into, inside || isFunction(node));
  }
}

/**
 * Every fault that can be planted in a TypeScript source, in the order of the text.
 * @throws what is no TypeScript, with the parser's words
 */
export function faultsOf(file: string, source: string): Fault[] {
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file}: expected TypeScript: ${errors[0]!.message}`);
  const faults: Fault[] = [];
  collect(program, source, faults);
  return faults.sort((a, b) => a.start - b.start || b.end - a.end);
}
