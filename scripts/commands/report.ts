import { join } from 'node:path';
import { Command } from 'commander';
import type { Exporter } from '#reports/contract.ts';
import { onRequest } from '#reports/registry.ts';
import { loadConfig } from '../config.ts';
import { UsageError } from '#bench/model/errors.ts';
import { parseList } from '../flags.ts';
import { known } from '../nearest.ts';
import { openFile } from '../open.ts';
import { readHistoryFile } from '../run/history-file.ts';
import { locateRun } from '../run/read.ts';
import { mergeFolders, overlayRuns, type RenderOptions, renderRun } from '../run/render.ts';

interface ReportFlags {
  readonly json?: boolean;
  readonly merge?: boolean;
  readonly history?: string;
  readonly formats?: string;
  readonly interactive?: boolean;
  readonly open?: boolean;
}

/** Exporters for other tools, by name; `all` is every one. */
function chosen({ formats, interactive = false }: ReportFlags): Exporter[] {
  const named = formats === undefined ? [] : parseList(formats);
  const names = onRequest.map(({ format }) => format);
  const wanted = new Set([
    ...named.flatMap((name) => (name === 'all' ? names : [known('format', name, names)])),
    ...(interactive ? ['interactive'] : []),
  ]);
  return onRequest.filter(({ format }) => wanted.has(format));
}

export const reportCommand = (): Command =>
  new Command('report')
    .description(
      'render the reports of a run again from its records, without measuring; several runs are laid side by side',
    )
    .argument('<run...>', "a run's folder, or its name below reports/out, such as latest")
    .option('--merge', 'pool the rounds of several runs of the same host and version into one run')
    .option('--history <file>', 'draw the history of a branch and its change points, with this run as its newest')
    .option('--formats <a,b>', `for other tools: ${onRequest.map(({ format }) => format).join(', ')} or all`)
    .option('--interactive', 'also write interactive.html: the same charts, drawn by Vega in the browser')
    .option('--open', 'open report.html')
    .option('--json', 'print report.json on stdout instead of the summary')
    .action(async (runs: string[], flags: ReportFlags) => {
      const { gate } = await loadConfig(process.cwd());
      const options = {
        json: flags.json ?? false,
        more: chosen(flags),
        budgets: gate?.budgets ?? [],
        ...(flags.history !== undefined && { history: (await readHistoryFile(flags.history)).lines }),
      };
      const folders = [...new Set(await Promise.all(runs.map(locateRun)))];
      const folder = await renderAll(folders, options, flags.merge ?? false);
      if (flags.open) await openFile(join(folder, flags.interactive ? 'interactive.html' : 'report.html'));
    });

async function renderAll(folders: readonly string[], options: RenderOptions, merge: boolean): Promise<string> {
  if (merge) {
    if (folders.length < 2) throw new UsageError('--merge: expected two different runs or more');
    return mergeFolders(folders, options);
  }
  if (folders.length > 1) return overlayRuns(folders, options);
  await renderRun(folders[0]!, options);
  return folders[0]!;
}
