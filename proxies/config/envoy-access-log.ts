/** Envoy's access logs to a file, stdout or stderr; their lines are ours (JSON), not Envoy's. */
import type { Fields } from './fields.ts';

const PREFIX = 'type.googleapis.com/envoy';
const TYPES = {
  [`${PREFIX}.extensions.access_loggers.file.v3.FileAccessLog`]: 'file',
  [`${PREFIX}.config.accesslog.v2.FileAccessLog`]: 'file',
  [`${PREFIX}.extensions.access_loggers.stream.v3.StdoutAccessLog`]: '/dev/stdout',
  [`${PREFIX}.extensions.access_loggers.stream.v3.StderrAccessLog`]: '/dev/stderr',
} as const;

const OUR_LINES = 'lines are JSON objects of our own, one a request or connection';

/** The path of the one file that is logged to. */
export function readAccessLog(holder: Fields): string | undefined {
  const [log, ...more] = holder.list('access_log');
  for (const another of more) another.refuse('', 'one access log is supported');
  if (!log) return undefined;
  log.skip('name');
  const config = log.required('typed_config', log.object('typed_config'));
  if (!config) return undefined;
  const kind = config.required('@type', config.choice('@type', TYPES));
  for (const key of ['log_format', 'format', 'json_format', 'typed_json_format']) config.ignore(key, OUR_LINES);
  return kind === 'file' ? config.required('path', config.string('path')) : kind;
}
