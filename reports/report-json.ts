/** The whole analysis as JSON, for other programs. `report` is the version of this shape. */
import type { Exporter } from './contract.ts';

const REPORT_VERSION = 1;

export const reportJson: Exporter = {
  format: 'json',
  file: 'report.json',
  render: (analysis) => `${JSON.stringify({ report: REPORT_VERSION, ...analysis }, null, 1)}\n`,
};
