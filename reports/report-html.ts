/** The page that a person reads: one file, no request. */
import type { Exporter } from './contract.ts';
import { page } from './html/page.ts';

export const reportHtml: Exporter = { format: 'html', file: 'report.html', render: page };
