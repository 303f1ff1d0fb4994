/** A scenario is a traffic shape; one axis of cost each (payload, head, connection, handshake, …), never mixed. */
import { z } from 'zod';
import { Bytes, PerSecond } from './units.ts';

const Header = z.tuple([z.string(), z.string()]);

/** What travels, seen from the client. */
export const Traffic = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('http'),
    request: z.object({
      method: z.enum(['GET', 'HEAD', 'POST', 'PUT']),
      path: z.string().startsWith('/'),
      headers: z.array(Header),
      bodyBytes: Bytes,
    }),
    /** What every valid answer must carry; checked while load runs. */
    expect: z.object({
      status: z.number().int(),
      bodyBytes: Bytes,
      /** That a hop may put on the body: its length is then its own business, and bodies that are looked at are decoded. */
      coding: z.enum(['gzip']).optional(),
    }),
    connection: z.enum(['keep-alive', 'per-request']),
    /** 'none': plain HTTP. Else HTTPS; with a connection per request each handshake is full, or resumed from a ticket. */
    tls: z.enum(['none', 'full', 'resumed']),
    /** HTTP/2, with so many requests at once on each connection. HTTP/1.1 where absent: one at a time. */
    http2: z.object({ streams: z.number().int().positive() }).optional(),
    /**
     * gRPC, over HTTP/2 alone: the body, both ways, is so many messages of one length, and its status comes in trailers. Valid is status 0.
     */
    grpc: z.object({ messages: z.number().int().positive() }).optional(),
  }),
  /** Ping-pong: the client sends a message, the origin returns it, then the next one. */
  z.object({ kind: z.literal('tcp-echo'), messageBytes: Bytes }),
  /** The client writes as fast as it may; one "request" is one `transferBytes` accepted by the socket. */
  z.object({ kind: z.literal('tcp-bulk'), transferBytes: Bytes }),
  /** Connections that have each carried one request (or one echoed byte) and then stay silent. */
  z.object({ kind: z.literal('idle'), protocol: z.enum(['tcp', 'http']), tls: z.enum(['none', 'full']) }),
]);
export type Traffic = z.infer<typeof Traffic>;

const OpenLoop = z.object({
  kind: z.literal('open'),
  connections: z.number().int().positive(),
  offered: PerSecond,
  arrivals: z.enum(['uniform', 'poisson']),
});

/** Closed: fixed connections, the next request after the answer. Open: scheduled arrivals. */
export const Loop = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('closed'), connections: z.number().int().positive() }),
  OpenLoop,
]);
export type Loop = z.infer<typeof Loop>;

/** An open loop whose rate is not known until the slowest subject's capacity has been found in this very run. */
export const PacedLoop = z.object({
  kind: z.literal('paced'),
  connections: z.number().int().positive(),
  /** Of the slowest subject's median throughput in the scenario named by `of`. */
  fraction: z.number().gt(0).lt(1),
  of: z.string(),
  arrivals: z.enum(['uniform', 'poisson']),
});
export type PacedLoop = z.infer<typeof PacedLoop>;

/** Told apart from the load that it accompanies; open, and Poisson by preference: such arrivals see the hop as it is on average. */
export const SecondStream = OpenLoop;

/**
 * What a scenario is to the analysis: the question that its figures answer. Each but the last stands once in a run. A scenario without a role
 * is set against none, and shows its own figures.
 */
export const Role = z.enum([
  'plain', // small requests in the clear on kept connections: what all others vary
  'encrypted', // the same over TLS
  'head', // more of the request's head
  'download', // more of the answer's body
  'upload', // more of the request's body
  'connection', // a new connection for every request
  'resumed', // the same with TLS, resumed from a ticket
  'handshake', // the same with a full handshake
  'added-latency', // the plain one at an offered rate; several, where rates are swept
]);
export type Role = z.infer<typeof Role>;

export const Scenario = z.object({
  name: z.string(),
  summary: z.string(),
  /** The one thing that this scenario varies, as METHOD's axes: 'keep-alive', 'head', 'payload', 'connection', … */
  axis: z.enum([
    'keep-alive',
    'streams',
    'head',
    'payload',
    'connection',
    'tls-record',
    'handshake',
    'memory',
    'latency',
    'bulk',
    'filter',
  ]),
  role: Role.optional(),
  /** The filter whose price it is for: subjects come with it and without. */
  prices: z.string().optional(),
  traffic: Traffic,
  loop: z.discriminatedUnion('kind', [...Loop.options, PacedLoop]),
  /** A small stream of the same requests beside the loop, on connections of its own: what a request sees while the loop does what it does. */
  second: SecondStream.optional(),
  /** Name of the origin in `backends/`. */
  origin: z.string(),
  /** What proxies of HTTP speak to the origin, whatever clients speak to them; HTTP/1.1 where absent. */
  upstream: z.enum(['http1', 'http2']).optional(),
  /** Share of requests that may fail before the trial is invalid. */
  errorLimit: z.number().min(0).max(1),
});
export type Scenario = z.infer<typeof Scenario>;

export const usesTls = (traffic: Traffic): boolean => 'tls' in traffic && traffic.tls !== 'none';

export const usesHttp2 = (traffic: Traffic): boolean => traffic.kind === 'http' && traffic.http2 !== undefined;

/** Requests that the load may have under way at once on one connection. */
export const streamsOf = (traffic: Traffic): number => (traffic.kind === 'http' ? (traffic.http2?.streams ?? 1) : 1);

/** What of a scenario decides how its subjects are configured. */
export type Carriage = Pick<Scenario, 'traffic' | 'upstream'>;

/** What a proxy of HTTP must offer beyond HTTP/1.1, by the names of its features. A proxy of connections passes all of it on. */
export const versionsAsked = ({ traffic, upstream }: Carriage): ('HTTP/2 downstream' | 'HTTP/2 upstream')[] => [
  ...(usesHttp2(traffic) ? (['HTTP/2 downstream'] as const) : []),
  ...(upstream === 'http2' ? (['HTTP/2 upstream'] as const) : []),
];

/** Alike for scenarios that one start of a subject can carry, one after the other. `endsHttp`: it does not pass bytes on as they are. */
export const startKey = (
  { origin, traffic, upstream }: Carriage & Pick<Scenario, 'origin'>,
  endsHttp: boolean,
): string => JSON.stringify([origin, usesTls(traffic), usesHttp2(traffic), endsHttp && upstream === 'http2']);

/** `again`: the same subject a second time in every round, as if it were another (A/A): what differs between the two is noise. */
const again = z.boolean().optional();

/** A thing compared. */
export const Subject = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('direct'), again }),
  z.object({
    kind: z.literal('proxy'),
    name: z.string(),
    again,
    /** The same proxy so many times in a row between load and origin, each a process of its own; once where absent. */
    hops: z.number().int().min(2).optional(),
    /** With these filters, by the name under which they are priced; none where absent. */
    filter: z.string().optional(),
    /** In a gate: which revision of it. */
    side: z.enum(['base', 'head']).optional(),
  }),
]);
export type Subject = z.infer<typeof Subject>;

/** How many proxies stand between load and origin. */
export const hopsOf = (subject: Subject): number => (subject.kind === 'direct' ? 0 : (subject.hops ?? 1));

/** What each of its hops is. */
export const hopName = (subject: Subject): string => (subject.kind === 'direct' ? 'direct' : subject.name);

/** What runs, whether for the first time or again. */
export function baseName(subject: Subject): string {
  const filter = subject.kind === 'proxy' && subject.filter !== undefined ? ` + ${subject.filter}` : '';
  return hopsOf(subject) > 1 ? `${hopName(subject)}${filter} ×${hopsOf(subject)}` : `${hopName(subject)}${filter}`;
}

export function subjectName(subject: Subject): string {
  const side = subject.kind === 'proxy' && subject.side !== undefined ? ` (${subject.side})` : '';
  return `${baseName(subject)}${side}${subject.again === true ? ' (A/A)' : ''}`;
}
