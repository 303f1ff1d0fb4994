/** A history as a page of its own: its charts, and every change point found. One file, no request. */
import type { SeriesVerdict } from '#bench/analysis/across-runs/change-points.ts';
import { historyView } from '#bench/analysis/across-runs/history.ts';
import { counted } from '#bench/analysis/words/quantity.ts';
import type { HistoryLine } from '#bench/model/history.ts';
import { gather } from '../charts/chart.ts';
import { drawHistory, history } from '../charts/history.ts';
import { looksOfNames } from '../charts/palette.ts';
import { historyBlocks } from '../content/history.ts';
import { type Block, paragraph } from '../document/tree.ts';
import { blocksOf } from './blocks.ts';
import { documentOf } from './document.ts';
import { html } from './markup.ts';
import { SCRIPT } from './page.ts';

export async function historyPage(lines: readonly HistoryLine[], verdicts: readonly SeriesVerdict[]): Promise<string> {
  const { points, marks } = historyView(lines, verdicts);
  const looks = looksOfNames([...new Set(points.map(({ subject }) => subject))]);
  const newest = points.at(-1)?.fingerprint;
  const own = points.filter(({ fingerprint }) => fingerprint === newest);
  const { charts, missing } = gather(history, [
    ...drawHistory({ points, marks, looks }),
    // Beside the ratios, the figures themselves on the newest host.
    ...drawHistory({ points: own, marks, looks, where: 'on the newest host', absolute: true }),
  ]);
  const blocks: Block[] = [
    ...charts,
    ...missing.slice(0, 1).map(({ what }) => paragraph(`Not in these runs: ${what}.`, 'soft')),
  ];
  return documentOf({
    title: 'What the hops cost from run to run',
    script: SCRIPT,
    body: html`<header>
        <p class="mark"><b>hopcost</b> · history of ${counted(lines.length, 'run')}</p>
        <h1>What the hops cost from run to run</h1>
      </header>
      <main>
        ${await blocksOf(blocks)}
        <section class="part" aria-labelledby="changes">
          <h2 id="changes">Change points</h2>
          ${await blocksOf(historyBlocks({ lines, verdicts }))}
        </section>
      </main>`,
  });
}
