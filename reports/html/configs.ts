/** What every subject ran with, exactly, and how it proved itself. */
import type { Analysis } from '#bench/analysis/analysis.ts';
import { subjectName } from '#bench/model/scenario.ts';
import { groupOf } from '../overview.ts';
import { html, type Markup } from './markup.ts';

export function configsSection({ subjects }: Analysis): Markup {
  return html`<section aria-labelledby="configs">
    <h2 id="configs">Subjects and their configuration</h2>
    ${subjects.map(({ subject, layer, tls, summary, version, nativeConfig, preflight }) => {
      const failed = preflight.filter(({ passed }) => !passed);
      const told = preflight.filter(({ passed, deviates }) => !passed || deviates);
      const broken = told.length - failed.length;
      const proof =
        preflight.length === 0
          ? 'no preflight'
          : failed.length === 0
            ? `preflight: ${preflight.length - broken} of ${preflight.length} passed${broken > 0 ? `, ${broken} rules not kept` : ''}`
            : `preflight: ${failed.length} failed, not measured`;
      return html`<details>
        <summary>
          ${subjectName(subject)} <small class="soft">${groupOf({ layer, tls })}, ${version}, ${proof}</small>
        </summary>
        <p>${summary}</p>
        ${told.map(({ rule, detail, deviates }) =>
          deviates ? html`<p>Not kept: ${rule}: ${detail}</p>` : html`<p class="alert">${rule}: ${detail}</p>`,
        )}
        ${nativeConfig === '' ? html`<p class="soft">no configuration of its own</p>` : html`<pre tabindex="0">${nativeConfig}</pre>`}
      </details>`;
    })}
  </section>`;
}
