/** The published JSON Schema of a line of trials.ndjson: `node reports/schema.ts` writes it next to this file. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { RunLine, SCHEMA_VERSION } from '#bench/model/record.ts';

export const SCHEMA_FILE = join(import.meta.dirname, 'trials.schema.json');

export function trialsSchema(): string {
  const schema = z.toJSONSchema(RunLine, { target: 'draft-2020-12', reused: 'ref' });
  const titled = { title: `One line of hopcost's trials.ndjson, schema version ${SCHEMA_VERSION}`, ...schema };
  return `${JSON.stringify(titled, null, 2)}\n`;
}

if (import.meta.main) writeFileSync(SCHEMA_FILE, trialsSchema());
