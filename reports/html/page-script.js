// The page's only script: sorting, toggles and hover values. Everything that it does is a comfort; the page is whole without it.
(() => {
  'use strict';
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // Tables: a button in each head. Ascending, descending, and back to the order by layer.
  for (const table of all('table[data-sortable]')) {
    const body = table.tBodies[0];
    const asWritten = [...body.rows];
    const rows = asWritten.filter((row) => !row.classList.contains('group'));
    const groups = asWritten.filter((row) => row.classList.contains('group'));
    const heads = [...table.tHead.rows[0].cells];
    const keyOf = (row, column) => {
      const cell = row.cells[column];
      if (column === 0) return cell.querySelector('.name').textContent;
      return cell.dataset.value === undefined || cell.dataset.value === '' ? undefined : Number(cell.dataset.value);
    };
    const sort = (column, direction) => {
      heads.forEach((head, i) =>
        i === column && direction !== 'none'
          ? head.setAttribute('aria-sort', direction)
          : head.removeAttribute('aria-sort'),
      );
      table.classList.toggle('sorted', direction !== 'none');
      for (const group of groups) group.hidden = direction !== 'none';
      if (direction === 'none') return body.append(...asWritten);
      const sign = direction === 'ascending' ? 1 : -1;
      const sorted = rows.toSorted((a, b) => {
        const [x, y] = [keyOf(a, column), keyOf(b, column)];
        if (x === undefined || y === undefined) return (x === undefined) - (y === undefined); // none always last
        return sign * (typeof x === 'string' ? x.localeCompare(y) : x - y);
      });
      body.append(...sorted);
    };
    heads.forEach((head, column) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => {
        const next = { ascending: 'descending', descending: 'none' }[head.getAttribute('aria-sort')] ?? 'ascending';
        sort(column, next);
      });
    });
    table.classList.add('sortable');
  }

  // Subjects: shown or hidden in every chart at once.
  for (const folded of all('.choose')) folded.hidden = false;
  for (const group of all('.toggles')) {
    group.hidden = false;
    for (const button of all('button', group))
      button.addEventListener('click', () => {
        const shown = button.getAttribute('aria-pressed') !== 'true';
        button.setAttribute('aria-pressed', String(shown));
        for (const mark of all('figure [data-of]'))
          if (mark.dataset.of === button.dataset.subject) mark.classList.toggle('off', !shown);
      });
  }

  // Values: what the pointer is over, in words. The same figures stand in the table under each chart.
  const box = document.createElement('div');
  box.className = 'tip';
  box.hidden = true;
  document.body.append(box);
  const show = (event) => {
    const mark = event.target.closest?.('[data-tip]');
    box.hidden = !mark;
    if (!mark) return;
    box.textContent = mark.dataset.tip;
    const { clientWidth } = document.documentElement;
    const left = Math.min(event.clientX + 14, clientWidth - box.offsetWidth - 8);
    const above = event.clientY - box.offsetHeight - 12;
    box.style.left = `${Math.max(8, left)}px`;
    box.style.top = `${above > 8 ? above : event.clientY + 18}px`;
  };
  for (const figure of all('figure')) {
    figure.addEventListener('pointermove', show);
    figure.addEventListener('pointerdown', show);
    figure.addEventListener('pointerleave', () => (box.hidden = true));
  }
  addEventListener('keydown', ({ key }) => key === 'Escape' && (box.hidden = true));

  // Records: unpacked on their way out. Where that cannot be, the link leads to the packed file.
  const unpack = async (base64, name) => {
    const packed = Uint8Array.from(atob(base64), (letter) => letter.codePointAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
    const url = URL.createObjectURL(await new Response(stream).blob());
    Object.assign(document.createElement('a'), { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  };
  if ('DecompressionStream' in window)
    for (const link of all('a[data-unpacked]')) {
      link.textContent = link.dataset.unpacked;
      link.addEventListener('click', (event) => {
        event.preventDefault();
        void unpack(link.getAttribute('href').split(',')[1], link.dataset.unpacked);
      });
    }

  // Folded parts open for print, and for a link that leads into them.
  addEventListener('beforeprint', () => {
    for (const details of all('details')) details.open = true;
  });
})();
