/** Every place of the intent at which something is asked for, as a type: what a table over the intent must hold to be whole. */
import type { FilterSettings, ProxyIntent } from './intent.ts';

type Scalar = string | number | boolean;

/** Each value of a closed type is a place of its own, for each may ask for another feature: `escapedSlashes=refuse`. */
type ScalarPath<T extends Scalar, At extends string> = string extends T ? At : number extends T ? At : `${At}=${T}`;

/** The alternatives of a union are told apart by their `kind`: `routes[].action(reply).body`. */
type PathsBelow<T, At extends string> = T extends Scalar
  ? ScalarPath<T, At>
  : T extends readonly (infer Element)[]
    ? PathsBelow<Element, `${At}[]`>
    : T extends { readonly kind: infer Kind extends string }
      ? Kind extends string
        ? `${At}(${Kind})` | PathsOfFields<Omit<T, 'kind'>, `${At}(${Kind})`>
        : never
      : PathsOfFields<T, At>;

/** An object or a list that may be absent asks for something by being there, even when it is empty: `clusters[].tls`. */
type PathsOfFields<T, At extends string> = {
  [Key in keyof T & string]-?:
    | (undefined extends T[Key] ? (NonNullable<T[Key]> extends Scalar ? never : Joined<At, Key>) : never)
    | (Key extends 'filters' ? FilterPath<Joined<At, Key>> : PathsBelow<NonNullable<T[Key]>, Joined<At, Key>>);
}[keyof T & string];

/** A filter is asked for by its name. What its settings may say is for its own schema. */
type FilterPath<At extends string> = `${At}.${keyof FilterSettings}`;

type Joined<At extends string, Key extends string> = At extends '' ? Key : `${At}.${Key}`;

export type IntentPath = PathsBelow<ProxyIntent, ''>;

/** Rows that may stand in a table and need not. */
type ExactRows = { readonly [Row in `${IntentPath}=${string | number}` | `${string}[+]` | `${string}.*`]?: string };

/** A table over all places that begin as `Path` says. */
export type Rows<Path extends string> = Readonly<Record<Extract<IntentPath, Path>, string>> & ExactRows;
