/** What limited a throughput, in the fewest words. */
import type { SubjectAnalysis } from '#bench/analysis/analysis.ts';

export function boundWords({ bound, layer }: Pick<SubjectAnalysis, 'bound' | 'layer'>): string {
  switch (bound) {
    case null:
      return 'nothing completed';
    case 'none':
      return 'nothing saturated';
    case 'mixed':
      return 'limit differed';
    case 'proxy':
      return 'its own limit';
    case 'origin':
      return layer === 'direct' ? 'the origin’s limit' : 'limited by the origin';
    case 'generator':
      return 'limited by the generator';
    case 'host':
      return 'limited by the host';
  }
}
