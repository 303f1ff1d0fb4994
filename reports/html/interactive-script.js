// Draws each spec where it belongs. `expressionInterpreter` is Vega's own: no code is made from text. Colours are CSS properties of the
// page, which a canvas does not know: SVG it is.
const specs = JSON.parse(document.getElementById('specs').textContent);
const tip = Object.assign(document.createElement('div'), { className: 'tip', hidden: true });
document.body.append(tip);

/** The words of the mark under the pointer: its datum carries them after an invisible separator. */
const tell = (event, item) => {
  const words = String(item?.datum?.tip ?? '').split('\u2063')[1];
  tip.hidden = !words;
  if (!words) return;
  tip.textContent = words;
  tip.style.left = `${Math.max(8, Math.min(event.clientX + 14, document.documentElement.clientWidth - tip.offsetWidth - 8))}px`;
  tip.style.top = `${event.clientY + 18}px`;
};

for (const place of document.querySelectorAll('[data-chart]')) {
  const runtime = vega.parse(specs[place.dataset.chart], null, { ast: true });
  const view = new vega.View(runtime, { expr: expressionInterpreter, renderer: 'svg', container: place, hover: true });
  view.addEventListener('mousemove', tell);
  view.addEventListener('mouseout', () => (tip.hidden = true));
  view.runAsync();
}
