/** What every subject ran with, exactly, what of the neutral intent it does otherwise, and how it proved itself. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import type { SubjectRecord } from '#bench/model/record.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { groupOf } from '../overview.ts';
import { betweenTags, html, type Markup } from './markup.ts';

const DEVIATES = 'known to deviate: ';

export const configsSection = ({ subjects }: Analysis): Markup =>
  html`<section aria-labelledby="configs">
    <h2 id="configs">Subjects and their configuration</h2>
    <p class="soft">
      One neutral intent is put into each subject’s own configuration. What differs from it: limits and timeouts that a
      proxy is not given, and rules of the protocol that it is known to keep otherwise. Neither was reason not to
      measure it.
    </p>
    ${subjects.map(subjectDetails)}
  </section>`;

function subjectDetails(record: SubjectRecord): Markup {
  const { subject, layer, tls, summary, version, nativeConfig, preflight, keepsOwn = [] } = record;
  const failed = preflight.filter(({ passed }) => !passed);
  const broken = preflight.filter(({ deviates }) => deviates);
  const deviating = preflight.filter(({ passed, detail }) => passed && detail.startsWith(DEVIATES));
  const differences = deviating.length + (keepsOwn.length > 0 ? 1 : 0);
  return html`<details>
    <summary>
      ${subjectName(subject)}
      <small class="soft"
        >${[groupOf({ layer, tls }), ...(version === '' ? [] : [version]), proof(preflight.length, failed.length, broken.length), ...(differences > 0 ? [`${deviating.length + keepsOwn.length} differences`] : [])].join(', ')}</small
      >
    </summary>
    <p>${summary}</p>
    ${failed.map(({ rule, detail }) => html`<p class="alert">${rule}: ${detail}</p>`)}
    ${(record.external?.notes ?? []).map((note) => html`<p>It ${note}.</p>`)}
    ${broken.map(({ rule, detail }) => html`<p>Not kept: ${rule}: ${detail}</p>`)}
    ${differences > 0 && differs(keepsOwn, deviating)}
    ${nativeConfig === '' ? html`<p class="soft">no configuration of its own</p>` : html`<pre tabindex="0">${betweenTags(nativeConfig)}</pre>`}
  </details>`;
}

function proof(all: number, failed: number, broken: number): string {
  if (all === 0) return 'no preflight';
  if (failed > 0) return `preflight: ${failed} of ${all} failed, not measured`;
  return broken > 0
    ? `preflight: ${all - broken} of ${all} passed, ${broken} ${broken === 1 ? 'rule' : 'rules'} not kept`
    : `preflight: all ${all} checks passed`;
}

/** Not the first letter of a name: 'node:tls'. */
const capital = (text: string): string => (/^[a-z]+ /.test(text) ? text[0]!.toUpperCase() + text.slice(1) : text);

/** Rules that are kept otherwise for the same reason stand together. */
function differs(keepsOwn: readonly string[], deviating: SubjectRecord['preflight']): Markup {
  const reasons = Map.groupBy(deviating, ({ detail }) => detail.slice(DEVIATES.length));
  return html`<h3>What differs from the neutral intent</h3>
    <ul class="differs">
      ${keepsOwn.length > 0 && html`<li>Not given to it, its own hold: ${keepsOwn.map((name, i) => html`${i > 0 && ', '}<code>${name}</code>`)}</li>`}
      ${[...reasons].map(
        ([reason, checks]) =>
          html`<li>
            ${capital(reason)}:
            <ul>
              ${checks.map(({ rule }) => html`<li>${rule}</li>`)}
            </ul>
          </li>`,
      )}
    </ul>`;
}
