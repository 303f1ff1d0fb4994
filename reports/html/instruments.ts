/** How far this run's own instruments may be trusted: what they said of a known origin, and what the same subject differs from itself. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { type CalibrationCheck, figureOf, verdictOf } from '#bench/analysis/instruments/calibration.ts';
import type { CalibrationRecord } from '#bench/model/record.ts';
import { metric, type MetricName } from '#bench/analysis/figures/metrics.ts';
import type { Noise } from '#bench/analysis/comparison/noise.ts';
import { formatInterval, formatQuantity, percent } from '#bench/analysis/words/quantity.ts';
import { html, type Markup } from './markup.ts';
import { scrollTable } from './table.ts';

export const instrumentsSection = ({ calibration, noise }: Analysis): Markup =>
  html`<section aria-labelledby="calibration">
      <h2 id="calibration">Calibration</h2>
      ${calibration ? calibrationTable(calibration) : html`<p>The load driver of this run was not held against a known origin; <code>quick</code>, <code>standard</code> and <code>full</code> do that first.</p>`}
    </section>
    <section aria-labelledby="noise-floor">
      <h2 id="noise-floor">Noise floor</h2>
      ${noise ? noiseTable(noise) : html`<p>No subject ran twice in a round, so what this host makes of no difference at all was not measured; <code>standard</code> and <code>full</code> do that in every scenario.</p>`}
    </section>`;

function calibrationTable(record: CalibrationRecord): Markup {
  const { checks, wakeups } = record;
  const failed = checks.filter(({ passed }) => !passed).length;
  const words = {
    passed: html`All ${checks.length} checks lie within their limits.`,
    failed: html`<b>${failed} of ${checks.length} checks lie outside their limits</b>: read this run’s times with that
      care.`,
    disturbed: html`<b
        >${failed} of ${checks.length} checks lie outside their limits while others used this host’s CPU</b
      >: how exact the instruments are cannot be told from them.`,
  }[verdictOf(record)];
  return html`<p>
      Before the first trial the load driver measured an origin whose delays, rate, stall and errors are known. ${words}
      ${checks.some(({ repeated }) => repeated) && 'Some checks were made once more because the host was disturbed; the second result stands here.'}
      ${wakeups && `Meanwhile this host woke a bare thread, without the driver, within ${formatQuantity(wakeups.p50, 'µs')} (p50) and ${formatQuantity(wakeups.p99, 'µs')} (p99): whatever waits for an answer here is late by as much.`}
    </p>
    ${scrollTable({
      label: 'table: calibration',
      heads: ['Check', 'Known', 'Measured', 'Off by', 'Limit', 'Result'],
      rows: checks.map(
        ({ name, unit, expected, measured, limit, passed, disturbed }) =>
          html`<tr>
            <th scope="row">${name}</th>
            <td class="nowrap">${figureOf(expected, unit)}</td>
            <td class="nowrap">${figureOf(measured, unit)}</td>
            <td class="nowrap">${figureOf(measured - expected, unit)}</td>
            <td class="nowrap">± ${figureOf(limit, unit)}</td>
            <td>
              <span class="badge ${passed ? 'completed' : disturbed ? 'note' : 'bad'}"
                >${passed ? 'within' : disturbed ? 'host disturbed' : 'outside'}</span
              >${disturbed && html`<small>${disturbanceWords(disturbed)}</small>`}
            </td>
          </tr>`,
      ),
    })}`;
}

const disturbanceWords = ({ steal, foreign, wakeups }: NonNullable<CalibrationCheck['disturbed']>): string =>
  `steal ${percent(steal)}, others ${percent(foreign)}${wakeups === undefined ? '' : `, a bare thread woken ${formatQuantity(wakeups, 'µs')} late (p99)`}`;

/** What people compare; the others are in report.json. */
const SHOWN: readonly MetricName[] = [
  'cpuPerRequest',
  'throughput',
  'serviceP50',
  'serviceP99',
  'responseP50',
  'responseP99',
];

function noiseTable({ comparisons, falseAlarms }: Noise): Markup {
  const ratios = comparisons.filter(({ kind }) => kind === 'ratio');
  const shown = ratios
    .filter(({ metric: name }) => SHOWN.includes(name))
    .toSorted((a, b) => SHOWN.indexOf(a.metric) - SHOWN.indexOf(b.metric));
  return html`<p>
      The same subject ran twice in every round, as if it were two (A/A): whatever differs is noise. ${falseAlarms} of
      ${ratios.length} such comparisons ${falseAlarms === 1 ? 'was' : 'were'} called different. No difference between
      others is called one where it lies within the noise of its own scenario.
    </p>
    ${scrollTable({
      label: 'table: noise floor',
      heads: [
        'Figure',
        { text: 'Scenario' },
        { text: 'Subject, twice' },
        'One over the other',
        'Floor: no smaller difference counts',
        'Smallest that would have been seen',
        'Verdict',
      ],
      rows: shown.map(
        ({ metric: name, subject, reference, estimate, floor, smallest, strength }) =>
          html`<tr>
            <th scope="row">${metric(name).title}</th>
            <td class="text">${subject.scenario}</td>
            <td class="text">${reference.subject}</td>
            <td class="nowrap">
              ${formatQuantity(estimate.value, 'ratio')}<small>${formatInterval(estimate, 'ratio')}</small>
            </td>
            <td class="nowrap">${relative(floor)}</td>
            <td class="nowrap">${relative(smallest)}</td>
            <td>
              ${strength === 'claim' ? html`<span class="badge bad">called different</span>` : html`<span class="badge completed">no difference</span>`}
            </td>
          </tr>`,
      ),
    })}`;
}

/** A size on the scale of logarithms, as a relative difference; '–' where so few rounds show none. */
const relative = (size: number): string => (Number.isFinite(size) ? `± ${percent(Math.expm1(size))}` : '–');
