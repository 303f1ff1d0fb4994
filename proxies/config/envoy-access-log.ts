/** Envoy's file access log; its lines are ours (JSON), not Envoy's. */
import type { Fields } from './fields.ts';

/** The path of the one file that is logged to. */
export function readAccessLog(holder: Fields): string | undefined {
  const [log, ...more] = holder.list('access_log');
  for (const another of more) another.refuse('', 'one access log is supported');
  if (!log) return undefined;
  log.choice('name', { 'envoy.access_loggers.file': 'file', 'envoy.file_access_log': 'file' });
  const config = log.required('typed_config', log.object('typed_config'));
  config?.skip('@type');
  return config?.required('path', config.string('path'));
}
