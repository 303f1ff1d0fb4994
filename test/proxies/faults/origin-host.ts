/** What origins are called, so that the DNS must be asked for them: `inject.ts` answers in its place. */
export const ORIGIN_HOST = 'origin.test';
