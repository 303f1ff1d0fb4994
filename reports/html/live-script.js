// Follows a run: asks for its state every two seconds and writes it into the page. A trial lasts about as long.
(() => {
  'use strict';
  const at = (id) => document.getElementById(id);
  const cell = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
  const show = ({ state, done, planned, rows, recent }) => {
    at('state').textContent = `${state}, ${done} of ${planned} trials`;
    at('progress').max = planned;
    at('progress').value = done;
    at('rows').replaceChildren(
      ...rows.map(([scenario, subject, ...figures]) => {
        const row = document.createElement('tr');
        const head = cell('th', `${scenario} · ${subject}`);
        head.scope = 'row';
        row.append(head, ...figures.map((figure) => cell('td', figure)));
        return row;
      }),
    );
    at('recent').replaceChildren(...recent.map((line) => cell('li', line)));
    at('report').hidden = state === 'running';
    return state === 'running';
  };
  const follow = async () => {
    let goesOn = true;
    try {
      const answer = await fetch('state.json', { cache: 'no-store' });
      if (answer.ok) goesOn = show(await answer.json());
      at('lost').hidden = answer.ok;
    } catch {
      at('lost').hidden = false;
    }
    if (goesOn) setTimeout(() => void follow(), 2_000);
  };
  void follow();
})();
