/** Who is told of what happens around the endpoints of a cluster. */
import { tell } from '../platform/notices.ts';
import type { AccessLog } from './access-log.ts';
import type { OnClusterEvent } from './cluster-events.ts';

/** Tells events on stderr, at its measured pace, and writes each into the log. */
export const clusterEventsTo =
  (log: AccessLog | undefined): OnClusterEvent =>
  ({ kind, cluster, endpoint, detail }) => {
    const whom = [`cluster ${cluster}`, endpoint].filter((part) => part !== undefined).join(', ');
    tell(kind, () => (detail === undefined ? whom : `${whom}: ${detail}`));
    log?.write({ time: new Date().toISOString(), event: kind, cluster, endpoint, detail });
  };
