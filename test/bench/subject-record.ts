/** The record of a subject that nobody checked: what it is comes from the registry where that knows it. */
import type { SubjectRecord } from '#bench/model/record.ts';
import { proxies } from '#proxies/registry.ts';

export function subjectRecord(name: string, more: Partial<SubjectRecord> = {}): SubjectRecord {
  const definition = proxies.get(name);
  return {
    record: 'subject',
    subject: name === 'direct' ? { kind: 'direct' } : { kind: 'proxy', name },
    family: definition?.family ?? name,
    layer: name === 'direct' ? 'direct' : (definition?.layer ?? 'l7'),
    tls: definition?.capabilities.has('tls-termination') ?? false,
    isReference: definition?.isReference ?? false,
    isHosted: definition?.isHosted ?? false,
    summary: '',
    version: '',
    nativeConfig: '',
    preflight: [],
    ...more,
  };
}
