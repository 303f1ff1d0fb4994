/** Spans by the libraries of OpenTelemetry: loaded where an intent asks for traces, and nowhere else, for they take megabytes. */
import { randomBytes } from 'node:crypto';
import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace, TraceFlags, type Tracer } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, BatchSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import { METHODS, type RequestHead, type ResponseHead } from '../http/head.ts';
import type { Reply } from '../http/reply.ts';
import { pathOf } from '../http/target.ts';
import type { ClientSide, Filter, FilterExchange, FilterService } from './contract.ts';
import { PassingClient } from './passing.ts';
import { formatTraceParent, parseTraceParent, type TraceParent } from './trace-context.ts';

export interface Tracing {
  /** Of the collector: OTLP over HTTP. */
  readonly url: string;
  /** Of the traces that begin here, how many are sampled; 1, the default, is all. Others are as their parent is. */
  readonly share?: number;
  /** Whose traces are kept: anybody's, which is the default, or those of trusted peers (`forwarding.trustedPeers`). */
  readonly parents?: 'any' | 'trusted';
  /** 'hopcost' by default. */
  readonly service?: string;
  /** Milliseconds between two exports; 5,000 by default. */
  readonly interval?: number;
}

/** W3C Trace Context §3.3.1.5: so much is to be passed on; more is not. */
const LONGEST_STATE = 512;

class TracedResponse extends PassingClient {
  readonly #span: Span;

  constructor(next: ClientSide, span: Span) {
    super(next);
    this.#span = span;
  }

  override respond(head: ResponseHead, start: number, end: number, complete: boolean): boolean {
    answered(this.#span, head.status);
    return this.next.respond(head, start, end, complete);
  }

  override reply(reply: Reply): void {
    answered(this.#span, reply.status);
    this.next.reply(reply);
  }
}

function answered(span: Span, status: number): void {
  span.setAttribute('http.response.status_code', status);
  if (status < 500) return;
  span.setAttribute('error.type', `${status}`);
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** Loaded by name, when an intent asks for traces. @public */
export class TracingFilter implements Filter {
  readonly #share: number;
  readonly #trustedOnly: boolean;
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;
  readonly #spans = new WeakMap<FilterExchange, Span>();

  constructor({ url, share = 1, parents = 'any', service = 'hopcost', interval = 5000 }: Tracing, told: FilterService) {
    this.#share = share;
    this.#trustedOnly = parents === 'trusted';
    const exporter = telling(new OTLPTraceExporter({ url, timeoutMillis: 5000 }), told);
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': service }),
      sampler: new AlwaysOnSampler(), // whoever is not sampled gets no span at all
      spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: interval, exportTimeoutMillis: 5000 })],
    });
    this.#tracer = this.#provider.getTracer('hopcost');
  }

  request(head: RequestHead, exchange: FilterExchange): undefined {
    const isHeard = !this.#trustedOnly || exchange.client.trusted;
    const parent = isHeard ? parseTraceParent(head.get('traceparent')) : undefined;
    // A state without a trace says nothing (§3.3).
    if (parent === undefined || (head.get('tracestate')?.length ?? 0) > LONGEST_STATE) head.remove('tracestate');
    const sampled = parent?.sampled ?? Math.random() < this.#share;
    if (!sampled) {
      if (parent === undefined) head.set('traceparent', formatTraceParent(unsampled()));
      return;
    }
    const span = this.#begin(head, exchange, parent);
    const { traceId, spanId } = span.spanContext();
    head.set('traceparent', formatTraceParent({ traceId, spanId, sampled }));
    this.#spans.set(exchange, span);
    exchange.signal.addEventListener('abort', () => span.end());
  }

  response(side: ClientSide, _head: RequestHead, exchange: FilterExchange): ClientSide {
    const span = this.#spans.get(exchange);
    return span === undefined ? side : new TracedResponse(side, span);
  }

  close(): void {
    void this.#provider.shutdown().catch(() => {});
  }

  /** Attributes by the semantic conventions of HTTP. The query is left out: it may hold secrets. */
  #begin(head: RequestHead, { client }: FilterExchange, parent: TraceParent | undefined): Span {
    const known = METHODS[head.method];
    const context =
      parent === undefined
        ? ROOT_CONTEXT
        : trace.setSpanContext(ROOT_CONTEXT, { ...parent, traceFlags: TraceFlags.SAMPLED, isRemote: true });
    return this.#tracer.startSpan(
      known ?? 'HTTP',
      {
        kind: SpanKind.SERVER,
        attributes: {
          'http.request.method': known ?? '_OTHER',
          'url.scheme': client.secure ? 'https' : 'http',
          'url.path': pathOf(head),
          'server.address': head.text(head.authorityStart, head.authorityEnd),
          'client.address': client.address,
        },
      },
      context,
    );
  }
}

/** An exporter whose failures are told where all others are. */
function telling(exporter: SpanExporter, service: FilterService): SpanExporter {
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.error !== undefined || result.code !== 0)
          service.because(
            'trace_export_failed',
            () => `filter tracing: ${spans.length} span(s) are lost: ${result.error?.message ?? 'no reason was given'}`,
          );
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  };
}

function unsampled(): TraceParent {
  const bytes = randomBytes(24);
  return { traceId: bytes.toString('hex', 0, 16), spanId: bytes.toString('hex', 16), sampled: false };
}
