// Theme, and the value under the pointer or the keyboard's cursor of every picture. Without this
// script the report shows the same figures.
(() => {
  'use strict';
  const root = document.documentElement;

  // Theme: as the system has it, or as chosen; remembered where the browser allows it.
  const remembered = (() => { try { return localStorage.getItem('mcnn-theme'); } catch { return null; } })();
  const choose = (theme) => {
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme; else delete root.dataset.theme;
  };
  choose(remembered);
  for (const input of document.querySelectorAll('input[name=theme]')) {
    input.checked = input.value === (root.dataset.theme || 'auto');
    input.addEventListener('change', () => {
      choose(input.value);
      try { localStorage.setItem('mcnn-theme', input.value); } catch { /* a page from a file may not */ }
    });
  }

  // What is wider than its place says that it scrolls.
  const mark = () => {
    for (const element of document.querySelectorAll('.table, .timeline')) {
      element.classList.toggle('scrolls', element.scrollWidth > element.clientWidth + 1);
    }
  };
  mark();
  addEventListener('resize', mark);

  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const words = (text) => { const b = bytes(text); return new DataView(b.buffer); };

  // What lies at a place: readers[kind](element) gives (column, row) => text.
  const readers = {
    pixels: (element) => {
      const one = bytes(element.dataset.a);
      const other = element.dataset.b ? bytes(element.dataset.b) : null;
      return (column, row) => {
        const at = row * element.dataset.columns + column;
        if (at >= one.length) return '';
        const place = 'row ' + row + ', column ' + column;
        if (!other) return place + ': ' + one[at];
        const d = one[at] - other[at];
        return place + '\nchip ' + one[at] + ', integer network ' + other[at] +
          (d === 0 ? ', equal' : ', difference ' + (d > 0 ? '+' : '') + d);
      };
    },
    clocks: (element) => {
      const tracks = JSON.parse(element.dataset.tracks);
      return (column, row) => 'clock ' + (Number(element.dataset.first) + column) + ', ' + tracks[row];
    },
    cells: (element) => {
      const all = cells();
      const pe = all.pes[element.dataset.pe];
      return (line, bit) => {
        const at = line * all.bits + bit;
        let text = 'source line ' + line + ', bit line ' + bit;
        if ((pe.flags[at] & 1) === 0) return text + '\nnot used';
        for (const block of pe.blocks) {
          if (line < block[0] || line >= block[0] + block[1]) continue;
          text += '\n' + block[2] + ', kernel ' + (block[3] + ((line - block[0]) >> 1)) +
            ((line - block[0]) % 2 === 0 ? ' +' : ' \u2212');
        }
        const value = (view) => view.getUint16(2 * at, true) * all.scale;
        const error = value(pe.written) - value(pe.target);
        text += '\ntarget ' + value(pe.target).toFixed(2) + ' \u00b5S, reached ' + value(pe.written).toFixed(2) +
          ' \u00b5S (' + (error < 0 ? '\u2212' : '+') + Math.abs(error).toFixed(2) + ')' +
          '\nat the first image ' + value(pe.aged).toFixed(2) + ' \u00b5S';
        if (all.looped) text += '\n' + pe.pulses[at] + (pe.pulses[at] === 1 ? ' pulse' : ' pulses');
        if (pe.flags[at] & 2) text += ', failed';
        if (pe.flags[at] & 4) text += ', stuck';
        return text;
      };
    },
  };
  let unpacked = null;
  const cells = () => {
    if (unpacked) return unpacked;
    unpacked = JSON.parse(document.getElementById('cells').textContent);
    for (const pe of unpacked.pes) {
      for (const name of ['target', 'written', 'aged']) pe[name] = words(pe[name]);
      for (const name of ['pulses', 'flags']) pe[name] = bytes(pe[name]);
    }
    return unpacked;
  };

  const tip = document.getElementById('tip');
  const cursor = document.createElement('i');
  cursor.className = 'cursor';
  const hide = () => { tip.hidden = true; cursor.remove(); };
  const show = (element, column, row) => {
    const columns = Number(element.dataset.columns);
    const rows = Number(element.dataset.rows);
    element.reader = element.reader || readers[element.dataset.px](element);
    const text = element.reader(column, row);
    if (!text) { hide(); return; }
    element.place = [column, row];
    tip.textContent = text;
    tip.hidden = false;
    const box = element.getBoundingClientRect();
    cursor.style.cssText = 'left:' + 100 * column / columns + '%;top:' + 100 * row / rows + '%;width:' +
      100 / columns + '%;height:' + 100 / rows + '%';
    element.append(cursor);
    const x = box.left + box.width * (column + 0.5) / columns;
    const y = box.top + box.height * (row + 1) / rows;
    const width = tip.offsetWidth;
    tip.style.left = Math.max(4, Math.min(x + 10, innerWidth - width - 4)) + 'px';
    const below = y + 10 + tip.offsetHeight < innerHeight;
    tip.style.top = (below ? y + 8 : Math.max(4, y - box.height / rows - tip.offsetHeight - 8)) + 'px';
  };
  for (const element of document.querySelectorAll('[data-px]')) {
    const columns = Number(element.dataset.columns);
    const rows = Number(element.dataset.rows);
    const at = (event) => {
      const box = element.getBoundingClientRect();
      const within = (part, count) => Math.max(0, Math.min(count - 1, Math.floor(part * count)));
      show(element, within((event.clientX - box.left) / box.width, columns),
        within((event.clientY - box.top) / box.height, rows));
    };
    element.addEventListener('pointermove', at);
    element.addEventListener('pointerdown', at);
    element.addEventListener('pointerleave', hide);
    element.addEventListener('blur', hide);
    element.addEventListener('keydown', (event) => {
      const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (event.key === 'Escape') hide();
      if (!move) return;
      event.preventDefault();
      const [column, row] = element.place || [-move[0], -move[1]];
      show(element, Math.max(0, Math.min(columns - 1, column + move[0])), Math.max(0, Math.min(rows - 1, row + move[1])));
    });
  }
})();
