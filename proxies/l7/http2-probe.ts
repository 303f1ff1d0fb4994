/** The question of a health check over HTTP/2, on a wire that nobody else uses. */
import type { AskStatus } from '../cluster/probe.ts';
import { Http2Connection } from '../http2/connection.ts';
import { errorName } from '../http2/errors.ts';
import { FieldSection } from '../http2/field-section.ts';
import { ENDED } from '../http2/handler.ts';

const UNANSWERED = 'it closed before it answered';

export const askByHttp2: AskStatus = (wire, { path, authority, fields, secure }, told) => {
  const request = FieldSection.of([
    [':method', 'GET'],
    [':scheme', secure ? 'https' : 'http'],
    [':path', path],
    [':authority', authority],
    ...fields.map(([name, value]) => [name.toLowerCase(), value] as const),
  ]);
  const engine = new Http2Connection<undefined>('client', wire, {
    onHeaders(_stream, { status }) {
      if (status >= 200) told(status);
    },
    onData: (stream, _buffer, start, end) => engine.consume(stream, end - start),
    onTrailers() {},
    onWritable() {},
    onClose: (_stream, code) => told(code === ENDED ? UNANSWERED : errorName(code)),
    onOutput() {},
    onFailure: (error) => told(error.message),
  });
  wire.handler = {
    onData(chunk) {
      engine.receive(chunk, 0, chunk.length);
      engine.flush();
    },
    onDrain: () => engine.drained(),
    onEnd: () => told(UNANSWERED),
    onClose: (error) => told(error?.message ?? UNANSWERED),
  };
  engine.start();
  engine.open(request, true, undefined);
  engine.flush();
  wire.resume();
};
