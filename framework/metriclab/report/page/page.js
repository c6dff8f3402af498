'use strict';
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = (selector, within = document) => within.querySelector(selector);
  const svgSpace = 'http://www.w3.org/2000/svg';

  // An element with attributes and children; texts are texts, never markup.
  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const draw = (name, attributes) => {
    const element = document.createElementNS(svgSpace, name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const fill = (select, values, chosen) => {
    select.replaceChildren(...values.map((value) => make('option', {value}, value)));
    if (values.includes(chosen)) select.value = chosen;
  };

  // Dark and light.
  const root = document.documentElement;
  const dark = () => root.dataset.theme
    ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  one('#theme').addEventListener('click', () => { root.dataset.theme = dark() ? 'light' : 'dark'; });
  // Paper is white.
  let before, opened = [];
  addEventListener('beforeprint', () => {
    before = root.dataset.theme;
    root.dataset.theme = 'light';
    opened = all('details:not([open])');
    for (const part of opened) part.open = true;
  });
  addEventListener('afterprint', () => {
    if (before) root.dataset.theme = before; else delete root.dataset.theme;
    for (const part of opened) part.open = false;
  });

  // Tables: sorted by a click on a heading, filtered by words.
  const numberIn = (text) => {
    const found = text.replace(/−/g, '-').match(/^\s*[<>±]?\s*(-?\d[\d.]*(?:e[-+]?\d+)?)/i);
    return found ? Number(found[1]) : NaN;
  };
  const keyOf = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value ?? cell.textContent;
  };
  const sort = (table, column, ascending) => {
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => ({row, text: keyOf(row, column)}));
    for (const each of rows) each.number = numberIn(each.text);
    const numbers = rows.some((each) => !Number.isNaN(each.number)) &&
      !table.tHead.rows[table.tHead.rows.length - 1].cells[column].classList.contains('text');
    const sign = ascending ? 1 : -1;
    rows.sort((a, b) => {
      if (!numbers) return sign * a.text.localeCompare(b.text, 'en', {numeric: true});
      // What has no number is last either way.
      if (Number.isNaN(a.number) || Number.isNaN(b.number))
        return Number(Number.isNaN(a.number)) - Number(Number.isNaN(b.number));
      return sign * (a.number - b.number);
    });
    body.append(...rows.map((each) => each.row));
  };
  for (const table of all('table.sortable')) {
    const headings = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
    headings.forEach((heading, column) => {
      heading.setAttribute('aria-sort', 'none');
      heading.tabIndex = 0;
      const act = () => {
        const ascending = heading.getAttribute('aria-sort') !== 'ascending';
        for (const other of headings) other.setAttribute('aria-sort', 'none');
        heading.setAttribute('aria-sort', ascending ? 'ascending' : 'descending');
        sort(table, column, ascending);
      };
      heading.addEventListener('click', act);
      heading.addEventListener('keydown', (event) => {
        if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); act(); }
      });
    });
  }
  const fits = (text, words) => words.every((word) => text.toLowerCase().includes(word));
  const wordsOf = (input) => input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const filterRows = (table, words) => {
    for (const row of table.tBodies[0].rows) {
      // Tables of results are searched by what their rows are called, others by all they say.
      const labels = all('th', row);
      const text = labels.length ? labels.map((cell) => cell.textContent).join(' ') : row.textContent;
      row.hidden = !fits(text, words);
    }
  };
  const filterColumns = (table, words) => {
    const heading = table.tHead.rows[table.tHead.rows.length - 1];
    [...heading.cells].forEach((cell, column) => {
      if (!cell.classList.contains('column')) return;
      const hidden = !fits(cell.textContent, words);
      cell.hidden = hidden;
      for (const row of table.tBodies[0].rows) row.cells[column].hidden = hidden;
    });
  };
  for (const input of all('input[data-filters]')) {
    input.addEventListener('input', () => {
      const words = wordsOf(input);
      for (const table of all('table', one(input.dataset.filters)))
        (input.dataset.what === 'columns' ? filterColumns : filterRows)(table, words);
    });
  }
  const metric = one('#metric');
  if (metric) {
    const show = () => {
      for (const part of all('.metric')) part.hidden = part.dataset.metric !== metric.value;
    };
    metric.addEventListener('change', show);
    show();
  }

  // Figures: those whose title has the words; a series alone where one points at it.
  const figureFilter = one('#figure-filter');
  if (figureFilter) {
    figureFilter.addEventListener('input', () => {
      const words = wordsOf(figureFilter);
      for (const figure of all('#figures figure'))
        figure.hidden = !fits(figure.dataset.title, words);
      for (const part of all('#figures details')) {
        part.hidden = all('figure', part).every((figure) => figure.hidden);
        if (words.length) part.open = true;
      }
    });
  }
  for (const svg of all('figure svg')) {
    const groups = all('g[data-series]', svg);
    if (groups.length < 2) continue;
    svg.addEventListener('pointerover', (event) => {
      const group = event.target.closest('g[data-series]');
      svg.classList.toggle('chosen', group !== null);
      if (group === null) return;
      for (const each of groups)
        each.classList.toggle('chosen', each.dataset.series === group.dataset.series);
    });
    svg.addEventListener('pointerleave', () => svg.classList.remove('chosen'));
  }

  // Embeddings and neighbours.
  const source = one('#exhibits');
  if (!source) return;
  const sets = JSON.parse(source.textContent);
  const setNamed = (name) => sets.find((set) => set.name === name);
  const tip = one('#tip');
  const picture = (example) => make('img', {
    src: 'data:image/png;base64,' + example.picture, alt: example.label ?? ''});
  const named = (example) => example.label ?? (example.target !== undefined ? example.target : '');
  const describe = (example, index) => {
    const parts = [];
    if (example.picture) parts.push(picture(example));
    if (named(example) !== '') parts.push(make('b', {}, String(named(example))), make('br'));
    parts.push(`example ${index}`);
    if (example.text) parts.push(make('br'), example.text);
    return parts;
  };
  const showTip = (event, parts) => {
    tip.replaceChildren(...parts);
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const x = Math.min(event.clientX + 14, innerWidth - box.width - 8);
    const y = event.clientY + 14 + box.height > innerHeight
      ? event.clientY - 14 - box.height : event.clientY + 14;
    tip.style.left = `${Math.max(4, x) + scrollX}px`;
    tip.style.top = `${Math.max(4, y) + scrollY}px`;
  };
  const hideTip = () => { tip.hidden = true; };

  // A colour and a shape for each class, so that more than ten can be told apart.
  const shapes = [
    (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`,
    (x, y, r) => `M${x} ${y - 1.25 * r}L${x + 1.2 * r} ${y + r}H${x - 1.2 * r}Z`,
    (x, y, r) => `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}Z`,
    (x, y, r) => `M${x} ${y - 1.35 * r}l${1.35 * r} ${1.35 * r}l${-1.35 * r} ${1.35 * r}l${-1.35 * r} ${-1.35 * r}Z`,
  ];
  const colour = (place) => `var(--series-${place % 10 + 1})`;
  const shape = (place) => shapes[Math.floor(place / 10) % shapes.length];
  const classesOf = (set) => {
    const names = new Set();
    for (const method of set.methods)
      for (const index of method.points) {
        const {label} = set.examples[index];
        if (label !== undefined) names.add(label);
      }
    return [...names].sort((a, b) => a.localeCompare(b, 'en', {numeric: true}));
  };
  const targetsOf = (set) => {
    const values = Object.values(set.examples).map((example) => example.target)
      .filter((value) => value !== undefined);
    return values.length ? {low: Math.min(...values), high: Math.max(...values)} : null;
  };

  const size = 400;
  const scatter = (set, method, projection, classes, targets) => {
    const svg = draw('svg', {viewBox: `0 0 ${size} ${size}`, role: 'img',
      'aria-label': `${method.name}: ${projection}`});
    const places = method[projection];
    method.points.forEach((index, i) => {
      const example = set.examples[index];
      const place = Math.max(0, classes.indexOf(example.label));
      const [x, y] = places[i].map((value) => 10 + value / 4095 * (size - 20));
      const part = targets && targets.high > targets.low && example.target !== undefined
        ? 100 * (example.target - targets.low) / (targets.high - targets.low) : null;
      const ink = part === null ? colour(place)
        : `color-mix(in srgb, var(--series-2) ${part.toFixed(0)}%, var(--series-1))`;
      const mark = draw('path', {d: shape(place)(x, size - y, 4), fill: ink, 'fill-opacity': .75,
        stroke: 'var(--ground)', 'stroke-width': .7, 'data-index': index});
      svg.append(mark);
    });
    svg.addEventListener('pointermove', (event) => {
      const index = event.target.dataset.index;
      if (index === undefined) hideTip(); else showTip(event, describe(set.examples[index], index));
    });
    svg.addEventListener('pointerleave', hideTip);
    return svg;
  };

  const choices = {set: one('#embedding-set'), a: one('#embedding-a'), b: one('#embedding-b'),
    projection: one('#embedding-projection'), queries: one('#queries-which')};
  const chosenMethods = (set) => {
    const a = set.methods.find((method) => method.name === choices.a.value);
    const b = set.methods.find((method) => method.name === choices.b.value);
    return a === b ? [a] : [a, b];
  };

  const drawPlots = () => {
    const set = setNamed(choices.set.value);
    const classes = classesOf(set), targets = classes.length ? null : targetsOf(set);
    const projection = choices.projection.value;
    one('#plots').replaceChildren(...chosenMethods(set).map((method) => {
      const box = make('div', {class: 'plot'}, make('h3', {}, method.name));
      if (!method.points.length) {
        box.append(make('p', {}, `nothing to show: ${method.reason ?? 'no example'}`));
        return box;
      }
      const share = method.shares;
      box.append(make('p', {}, projection === 'pca'
        ? `the first two principal components hold ${(100 * share).toFixed(0)} % of the variance`
        : 't-SNE: what is near stays near; sizes and gaps of groups mean little'),
      scatter(set, method, projection, classes, targets));
      return box;
    }));
    const key = classes.map((name, place) => {
      const swatch = draw('svg', {viewBox: '0 0 14 14'});
      swatch.append(draw('path', {d: shape(place)(7, 7, 4.5), fill: colour(place)}));
      return make('span', {}, swatch, name);
    });
    if (targets) key.push(make('span', {}, `${targets.low} (first colour) to ${targets.high} (second colour)`));
    one('#embedding-key').replaceChildren(...key);
    const shown = set.methods[0].points.length;
    let what = `${shown} of ${set.n_test} test examples of ${set.split}, seed ${set.seed}`;
    if (set.classes > set.shown_classes)
      what += `, of ${set.shown_classes} of ${set.classes} classes drawn at random`;
    one('#embedding-note').textContent = what + '; the same examples for every method.';
  };

  const item = (set, index, kind, distance) => {
    const example = set.examples[index];
    const box = make('div', {class: `item ${kind}`});
    box.append(example.picture ? picture(example)
      : make('div', {class: 'words'}, example.text ?? `example ${index}`));
    const sign = {right: '✓ ', wrong: '✗ '}[kind] ?? '';
    box.append(make('b', {}, sign + named(example)));
    box.title = `example ${index}` + (distance === undefined ? '' : `, distance ${distance}`) +
      (example.text ? `: ${example.text}` : '');
    return box;
  };
  const most = 60;  // queries on the page at a time
  const drawQueries = () => {
    const set = setNamed(choices.set.value);
    const methods = chosenMethods(set);
    const which = choices.queries.value;
    const lists = methods.map((method) => new Map(method.queries.map((query) => [query.index, query])));
    const wanted = (query) => which === 'all' || (which === 'wrong' && query.precision < 1) ||
      (which === 'random' && query.chosen === 'at random');
    const indices = new Set();
    for (const list of lists)
      for (const query of list.values()) if (wanted(query)) indices.add(query.index);
    const boxes = [...indices].slice(0, most).map((index) => {
      const answers = make('div', {class: 'answers'});
      methods.forEach((method, m) => {
        const query = lists[m].get(index);
        if (!query) return;
        const right = query.precision === null ? '' :
          `: ${Math.round(query.precision * query.neighbors.length)} of ${query.neighbors.length} right`;
        const row = make('div', {class: 'row'});
        query.neighbors.forEach((neighbor, j) => {
          const kind = query.precision === null ? ''
            : set.examples[neighbor].label === set.examples[index].label ? 'right' : 'wrong';
          row.append(item(set, neighbor, kind, query.distances[j]));
        });
        answers.append(make('div', {class: 'answer'},
          make('p', {}, `${method.name}${right} (${query.chosen})`), row));
      });
      return make('div', {class: 'query'}, item(set, index, ''), answers);
    });
    const none = methods.map((method) => method.reason).filter(Boolean);
    if (!boxes.length) boxes.push(make('p', {}, none.length ? none.join('; ') : 'no such query'));
    one('#gallery').replaceChildren(...boxes);
  };

  const chooseSet = () => {
    const set = setNamed(choices.set.value);
    const names = set.methods.map((method) => method.name);
    fill(choices.a, names, names.includes(choices.a.value) ? choices.a.value : names[0]);
    // The best beside the first, which is the plain distance in most experiments.
    const second = set.best && set.best !== names[0] ? set.best : names[names.length - 1];
    fill(choices.b, names, names.includes(choices.b.value) ? choices.b.value : second);
    drawPlots();
    drawQueries();
  };
  fill(choices.set, sets.map((set) => set.name), sets[0].name);
  choices.set.addEventListener('change', chooseSet);
  for (const select of [choices.a, choices.b])
    select.addEventListener('change', () => { drawPlots(); drawQueries(); });
  choices.projection.addEventListener('change', drawPlots);
  choices.queries.addEventListener('change', drawQueries);
  chooseSet();
})();
