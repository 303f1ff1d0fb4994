/** Faults that no test can notice, since nothing that anyone sees depends on them: file, line as it would stand, and why. */
export const HARMLESS: readonly { readonly file: string; readonly line: string; readonly why: string }[] = [
  {
    file: 'bench/stats/student.ts',
    line: 'return x < (a + 1) / (a - b + 2) ? (front * fraction(x, a, b)) / a : 1 - (front * fraction(1 - x, b, a)) / b;',
    why: 'both fractions converge to the same value, and the condition only chooses the one that does so sooner',
  },
];
