/** What happens around the endpoints of a cluster. Each is counted by its kind, in the statistics and in Prometheus text. */

/** State that changes: told on stderr and in the access log, too. */
export const CLUSTER_CHANGES = {
  unhealthy: 'an endpoint failed its checks',
  healthy: 'an endpoint passes its checks again',
  ejected: 'an endpoint is left out for what it answered',
  returned: 'an endpoint that was left out is back',
  panic: 'so few endpoints are in order that all are used',
  calm: 'enough endpoints are in order again',
  breaker_open: 'a bound of the cluster is reached',
  breaker_closed: 'there is room below a bound again',
  endpoints: 'discovery found other endpoints',
  discovery_failed: 'discovery found nothing; the last endpoints stay',
} as const satisfies Record<string, string>;

/** What happens to requests: counted alone. */
export const CLUSTER_COUNTS = {
  retried: 'a request was tried again',
  retry_refused: 'a request was not tried again for want of budget',
  hedged: 'a request was sent to a second endpoint as well',
  queued: 'a request waited for room at an endpoint',
  queue_full: 'a request found no place to wait',
  queue_timeout: 'a request waited in vain',
  refused: 'a request was refused at a bound of the cluster',
} as const satisfies Record<string, string>;

export type ClusterChange = keyof typeof CLUSTER_CHANGES;
export type ClusterCount = keyof typeof CLUSTER_COUNTS;
export type ClusterEventCounts = Readonly<Partial<Record<ClusterChange | ClusterCount, number>>>;

/** Plain data, as the log has it. */
export interface ClusterEvent {
  readonly kind: ClusterChange;
  readonly cluster: string;
  /** `host:port`, where it concerns one. */
  readonly endpoint?: string;
  /** Why, and for how long. */
  readonly detail?: string;
}

export type OnClusterEvent = (event: ClusterEvent) => void;
