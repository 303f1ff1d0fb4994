/** Faults that no test can notice, since nothing that anyone sees depends on them: file, line as it would stand, and why. */
export const HARMLESS: readonly { readonly file: string; readonly line: string; readonly why: string }[] = [];
