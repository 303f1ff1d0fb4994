/** What the host did besides our own processes over an interval: for whoever needs no more of the probes than that. */
import type { HostReading } from '#bench/model/probe.ts';
import { foreignShare, hostFigures, hostSnapshot } from './host.ts';
import { takeSnapshot } from './snapshot.ts';

/** Begins now; the result ends the interval. `pids` are ours, with or without their children, ended ones too. */
export function watchHost(pids: readonly number[], descendants = false): () => Pick<HostReading, 'steal' | 'foreign'> {
  // In ticks, but with the threads that end meanwhile.
  const cpuOf = (): number => {
    const { user, system } = takeSnapshot({ pids, descendants, completed: () => 0 }).coarse;
    return user + system;
  };
  const [before, ours] = [hostSnapshot(), cpuOf()];
  return () => {
    const figures = hostFigures(before, hostSnapshot(), 0);
    return { steal: figures.steal, foreign: foreignShare(figures, Math.max(0, cpuOf() - ours) / 1e3) };
  };
}
