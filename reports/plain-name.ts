/** A name from outside as part of a file name or a tag: letters, digits, dot, dash and underscore only. */
export const plainName = (name: string): string => name.replace(/[^A-Za-z0-9._-]+/g, '_').slice(0, 80);
