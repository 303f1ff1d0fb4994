/** HdrHistogram percentile tables, one file a scenario, subject and kind, rounds merged, in milliseconds: what its plotter takes. */
import { distributionsOf, percentileTable } from '#bench/analysis/figures/distributions.ts';
import type { Exporter } from './contract.ts';
import { plainName } from './plain-name.ts';

export const hgrm: Exporter = {
  format: 'hgrm',
  file: 'hgrm',
  render: ({ scenarios }, records) => {
    const files = new Map<string, string>();
    for (const distribution of distributionsOf(scenarios, records)) {
      const { scenario, subject, kind } = distribution;
      const name = [scenario, subject, kind].map(plainName).join('-');
      // Two names may become one: then the later takes a number.
      const free = files.has(`${name}.hgrm`) ? `${name}-${files.size}` : name;
      files.set(`${free}.hgrm`, percentileTable(distribution));
    }
    return files;
  },
};
