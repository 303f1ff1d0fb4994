/** One dialect in every room, where no rule of the linter's own says it: `x++`, and CONSTANT_CASE for what is fixed as the code is written. */

interface Node {
  readonly type: string;
}
interface Declarator extends Node {
  readonly id: Node & { readonly name?: string; readonly typeAnnotation?: { readonly typeAnnotation: Node } | null };
  readonly init: Node | null;
}
interface Declaration extends Node {
  readonly kind: string;
  readonly declarations: readonly Declarator[];
}
interface Statement extends Node {
  readonly declaration?: Node | null;
}
interface Assignment extends Node {
  readonly operator: string;
  readonly right: Node & { readonly value?: unknown };
}
/** Whatever a value may consist of; only what its type has is there. */
interface Value extends Node {
  readonly name?: string;
  readonly expression?: Value;
  readonly expressions?: readonly Value[];
  readonly argument?: Value;
  readonly left?: Value;
  readonly right?: Value;
  readonly elements?: readonly (Value | null)[];
  readonly properties?: readonly (Node & { readonly value?: Value; readonly computed?: boolean })[];
  readonly callee?: Value;
  readonly arguments?: readonly Value[];
}
interface Context {
  report(problem: { readonly node: Node; readonly message: string }): void;
}

const CONSTANT = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/;
const COLLECTIONS: ReadonlySet<string | undefined> = new Set(['Map', 'Set']);

const all = (values: readonly (Value | null | undefined)[] = []): boolean => values.length > 0 && values.every(isFixed);

/** How each type of syntax is told to be fixed; what is not here is not. */
const FIXED: Readonly<Record<string, (value: Value) => boolean>> = {
  Literal: () => true,
  TemplateLiteral: ({ expressions }) => expressions!.length === 0 || all(expressions),
  UnaryExpression: ({ argument }) => isFixed(argument),
  BinaryExpression: ({ left, right }) => isFixed(left) && isFixed(right),
  Identifier: ({ name }) => CONSTANT.test(name!),
  TSAsExpression: ({ expression }) => isFixed(expression),
  TSSatisfiesExpression: ({ expression }) => isFixed(expression),
  ArrayExpression: ({ elements }) => all(elements),
  ObjectExpression: ({ properties }) => all(properties!.map(({ value }) => value)),
  NewExpression: ({ callee, arguments: given }) => COLLECTIONS.has(callee!.name) && all(given),
};

/** Whether it consists of literals and constants alone. Empty collections are there to be filled. */
const isFixed = (value: Value | null | undefined): boolean =>
  value !== null && value !== undefined && FIXED[value.type]?.(value) === true;

/** Declared as an array that may be pushed to. */
const growsLater = ({ typeAnnotation }: Declarator['id']): boolean =>
  typeAnnotation?.typeAnnotation.type === 'TSArrayType';

const constantCase = {
  create(context: Context) {
    return {
      Program({ body }: { readonly body: readonly Statement[] }): void {
        for (const statement of body) {
          const { type, kind, declarations } = (statement.declaration ?? statement) as Declaration;
          if (type !== 'VariableDeclaration' || kind !== 'const') continue;
          for (const { id, init } of declarations)
            if (id.name !== undefined && !CONSTANT.test(id.name) && isFixed(init) && !growsLater(id))
              context.report({ node: id, message: `'${id.name}' is a constant: name it in CONSTANT_CASE` });
        }
      },
    };
  },
};

const increment = {
  create(context: Context) {
    return {
      AssignmentExpression(node: Assignment): void {
        const { operator, right } = node;
        if ((operator === '+=' || operator === '-=') && right.value === 1)
          context.report({ node, message: `write '${operator[0]!.repeat(2)}' in place of '${operator} 1'` });
      },
    };
  },
};

export default { meta: { name: 'dialect' }, rules: { 'constant-case': constantCase, increment } };
