/** How a job is split: each shard's part, and the parts sum to the whole. */
import type { LoadJob } from '#bench/model/load.ts';

type Shard = LoadJob['shard'];

/** Of `whole` indivisible things: as equal as may be, the first shards take the remainder. */
export const shareOf = (whole: number, { index, count }: Shard): number =>
  Math.floor(whole / count) + (index < whole % count ? 1 : 0);
