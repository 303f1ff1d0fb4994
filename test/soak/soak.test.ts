/** The reliability cases at the size that CI affords; `npm run soak` runs them at full size. */
import { test } from 'node:test';
import { cases } from './cases.ts';

for (const soakCase of cases) {
  test(`${soakCase.name}: ${soakCase.summary}`, async (t) => {
    const figures = await soakCase.run(soakCase.ci as never, false);
    for (const [what, figure] of Object.entries(figures)) t.diagnostic(`${what}: ${figure}`);
  });
}
