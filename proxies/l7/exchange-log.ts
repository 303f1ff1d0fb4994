/** Counts exchanges for the statistics and writes them to the access log; only there where somebody wants either. */
import type { AccessLog } from '../stats/access-log.ts';
import { REASONS } from '../stats/reasons.ts';
import type { Traffic } from '../stats/traffic.ts';
import type { ExchangeRecord, Observer } from './service.ts';

export class ExchangeLog implements Observer {
  readonly #listener: Traffic;
  readonly #log: AccessLog | undefined;

  constructor(listener: Traffic, log: AccessLog | undefined) {
    this.#listener = listener;
    this.#log = log;
  }

  onRequestDone(record: ExchangeRecord): void {
    count(this.#listener, record);
    if (record.endpoint) count(record.endpoint.traffic, record);
    this.#log?.write(accessRecord(record));
  }
}

function count(traffic: Traffic, { status, aborted, requestBytes, responseBytes, duration }: ExchangeRecord): void {
  traffic.requests++;
  traffic.bytesReceived += requestBytes;
  traffic.bytesSent += responseBytes;
  if (aborted || status >= 500) traffic.errors++;
  if (status > 0) traffic.finished(Math.round(duration * 1000), status);
}

function accessRecord(record: ExchangeRecord): object {
  const { client, endpoint, tries, duration, requestBytes, responseBytes, ...request } = record;
  return {
    time: new Date().toISOString(),
    source: client,
    ...request,
    endpoint: endpoint && `${endpoint.host}:${endpoint.port}`,
    ...(tries > 1 && { tries }),
    micros: Math.round(duration * 1000),
    bytesReceived: requestBytes,
    bytesSent: responseBytes,
    flags: request.reason && REASONS[request.reason],
  };
}
