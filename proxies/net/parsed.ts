/** What a parser says of the bytes received so far. */
export type Parsed<T> =
  /** Ask again once there are `need` bytes in all, not before: so even one byte at a time costs linear time. */
  | { readonly kind: 'more'; readonly need: number }
  /** The value took the first `length` bytes. */
  | { readonly kind: 'done'; readonly value: T; readonly length: number }
  | { readonly kind: 'malformed'; readonly reason: string };
