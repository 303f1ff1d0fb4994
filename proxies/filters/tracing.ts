/**
 * Traces (W3C Trace Context): a request keeps the trace that it comes with, or begins one; a span of each that is sampled goes to a
 * collector by OTLP over HTTP. Export is off the requests' way: spans wait in a queue, and are lost where that is full.
 *
 * @example { "filters": { "tracing": { "url": "http://127.0.0.1:4318/v1/traces", "share": 0.01, "service": "edge" } } }
 */
import { createRequire } from 'node:module';
import { z } from 'zod';
import type { ConfiguredFilter } from './contract.ts';
import { millis } from './settings.ts';
import type * as Spans from './tracing-spans.ts';

declare module '../config/intent.ts' {
  interface FilterSettings {
    readonly tracing?: Spans.Tracing;
  }
}

const require = createRequire(import.meta.url);

/** 32 MiB that nobody needs who sends no spans: whoever does installs them. */
const LIBRARIES = ['api', 'exporter-trace-otlp-http', 'resources', 'sdk-trace'].map((name) => `@opentelemetry/${name}`);

function loadSpans(): typeof Spans {
  try {
    return require('#proxies/filters/tracing-spans.ts') as typeof Spans;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error;
    throw new Error(
      `tracing sends spans with the libraries of OpenTelemetry, which are not installed here: npm install ${LIBRARIES.join(' ')}`,
      { cause: error },
    );
  }
}

export const filter: ConfiguredFilter<Spans.Tracing> = {
  name: 'tracing',
  schema: z.strictObject({
    url: z.url({ protocol: /^https?$/, error: 'expected an http or https URL' }),
    share: z.number().min(0).max(1).exactOptional(),
    parents: z.enum(['any', 'trusted']).exactOptional(),
    service: z.string().min(1).exactOptional(),
    interval: millis.exactOptional(),
  }),
  create(settings, service) {
    const { TracingFilter } = loadSpans();
    return new TracingFilter(settings, service);
  },
};
