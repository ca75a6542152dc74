// Search: reads the index below search/, ranks, and shows the dialog. Loaded when search is first reached for.
// The format is told in src/search/mod.rs; the scanner of words is that of src/search/token.rs.
(() => {
  'use strict';
  const VERSION = 1;
  const SHOWN = 10;
  const SYMBOLS = '!#$%&*+\\-./:<=>?@^|~';
  const PLAIN = ['-', '--', '---', '.', '..', '...', '/', ':', '#'];
  const LEVELS = ['', 'junior', 'intermediate', 'senior', 'staff'];
  const WORDS = ['', 'Junior', 'Intermediate', 'Senior', 'Staff'];

  // ---- words ----

  const fold = (text) => text.replace(/[‘’]/g, "'").normalize('NFKD').replace(/\p{M}+/gu, '').normalize('NFC');
  const SCRIPT = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\u{20000}-\u{323af}]/u;
  const PIECE = new RegExp(
    `(?<![\\p{L}\\p{N}_])[a-zA-Z](?:\\+\\+|#)(?![\\p{L}\\p{N}_+#])` +
      `|(?<=^|[\\s(<&,\`])'(?:static|[a-z_])(?![\\p{L}\\p{N}_'])` +
      `|\\p{N}+(?:\\.\\p{N}+)+|[\\p{L}\\p{N}_]+(?:'[\\p{L}\\p{N}_]+)*` +
      `|(?<=^|\\s)[${SYMBOLS}]{1,3}(?=\\s|$)`,
    'gu',
  );

  // The words of a query as the index has them.
  function scan(text) {
    const found = [];
    for (const [piece] of fold(text).matchAll(PIECE)) {
      if (PLAIN.includes(piece)) continue;
      let word = piece;
      if (/[\p{L}\p{N}_]/u.test(piece) && !/^'|[+#]$/.test(piece)) {
        word = piece.replace(/'s$/, '').replaceAll("'", '').replace(/^_+|_+$/g, '');
      }
      if (!word || [...word].length > 64) continue;
      if (SCRIPT.test(word)) {
        const chars = [...word];
        if (chars.length === 1) found.push(word);
        for (let at = 0; at + 1 < chars.length; at += 1) found.push(chars[at] + chars[at + 1]);
      } else found.push(word.toLowerCase());
    }
    return found;
  }

  function hash(word) {
    let value = 0x811c9dc5;
    for (let at = 0; at < word.length; at += 1) value = Math.imul(value ^ word.charCodeAt(at), 0x01000193) >>> 0;
    return (value % 255) + 1;
  }

  // Damerau-Levenshtein distance (with adjacent transpositions), or `limit` + 1 if it is larger.
  function distance(a, b, limit) {
    if (Math.abs(a.length - b.length) > limit) return limit + 1;
    let before = [];
    let last = Array.from({ length: b.length + 1 }, (_, at) => at);
    for (let i = 1; i <= a.length; i += 1) {
      const row = [i];
      let least = i;
      for (let j = 1; j <= b.length; j += 1) {
        const same = a[i - 1] === b[j - 1];
        let cost = Math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1));
        if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, before[j - 2] + 1);
        row.push(cost);
        least = Math.min(least, cost);
      }
      if (least > limit) return limit + 1;
      before = last;
      last = row;
    }
    return last[b.length];
  }

  const edits = (word) => (word.length < 4 || /\d/.test(word) ? 0 : word.length < 8 ? 1 : 2);

  // ---- index ----

  class Reader {
    constructor(bytes) {
      this.bytes = bytes;
      this.at = 0;
      this.previous = '';
    }
    byte() { return this.bytes[this.at++]; }
    number() {
      let value = 0;
      for (let shift = 0; ; shift += 7) {
        const byte = this.byte();
        value += (byte & 0x7f) * 2 ** shift;
        if (byte < 0x80) return value;
      }
    }
    text() {
      const length = this.number();
      const text = Reader.decoder.decode(this.bytes.subarray(this.at, this.at + length));
      this.at += length;
      return text;
    }
    word() {
      const same = this.number();
      return (this.previous = this.previous.slice(0, same) + this.text());
    }
    hex() { return [this.byte(), this.byte(), this.byte()].map((byte) => byte.toString(16).padStart(2, '0')).join(''); }
    list(each) { return Array.from({ length: this.number() }, (_, at) => each(at)); }
  }
  Reader.decoder = new TextDecoder();

  async function unpack(text) {
    const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  // An index whose files `load` brings: it is given a name below search/ and gives the packed text.
  class Index {
    constructor(load) {
      this.load = load;
      this.files = new Map();
    }

    file(name, read) {
      if (!this.files.has(name)) {
        const file = this.load(name).then(unpack).then((bytes) => read(new Reader(bytes)));
        file.catch(() => this.files.delete(name));
        this.files.set(name, file);
      }
      return this.files.get(name);
    }

    async start(name) {
      await this.file(name, (r) => {
        if (r.number() !== VERSION) throw new Error('the search index is of another version');
        this.count = r.number();
        this.perTitle = r.number();
        this.titles = r.list(() => r.hex());
        this.perBody = r.number();
        this.bodies = r.list(() => r.hex());
        this.buckets = r.list(() => ({ first: r.text(), hash: r.hex() }));
        this.guides = r.list(() => ({ letter: r.text(), title: r.text() }));
        this.tags = r.list(() => r.text());
        this.entries = Array.from({ length: this.count }, () => {
          const guide = r.number() - 1;
          return { guide, level: r.number(), tags: r.list(() => r.number()) };
        });
        this.stop = new Set(r.list(() => r.text()));
        this.synonyms = new Map(r.list(() => [r.text(), r.list(() => r.text())]));
        this.hot = r.list(() => ({ word: r.word(), titles: r.number() }));
      });
      return this;
    }

    bucketOf(word) {
      let low = 0;
      let high = this.buckets.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.buckets[middle].first <= word) low = middle + 1;
        else high = middle;
      }
      return Math.max(0, low - 1);
    }

    bucket(at) {
      const bucket = this.buckets[at];
      if (!bucket) return Promise.resolve([]);
      return this.file(`b/${at}-${bucket.hash}`, (r) =>
        r.list(() => {
          const surfaces = r.list(() => r.word());
          let entry = 0;
          const postings = r.list(() => {
            entry += r.number();
            const byte = r.byte();
            return { entry, impact: byte & 15, surface: (byte >> 4) & 7, next: byte & 0x80 ? r.byte() : null };
          });
          return { surfaces, postings };
        }),
      );
    }

    // The stems that a test of words accepts, in the files from one word on; at most `most` files.
    async groups(from, to, accept, most = 3) {
      const first = this.bucketOf(from);
      const last = Math.min(this.bucketOf(to), first + most - 1);
      const files = [];
      for (let at = first; at <= last; at += 1) files.push(this.bucket(at));
      const found = [];
      for (const group of (await Promise.all(files)).flat()) {
        const at = group.surfaces.findIndex(accept);
        if (at >= 0) found.push({ ...group, at });
      }
      return found;
    }

    // What a word of the query finds: each entry with its weight, and what the word was read as.
    async word(word, prefix) {
      const exact = await this.groups(word, word, (surface) => surface === word, 1);
      let parts = exact.map((group) => ({ group, share: 1 }));
      if (prefix && word.length > 1) {
        const longer = await this.groups(word, `${word}\uffff`, (surface) => surface !== word && surface.startsWith(word));
        parts = parts.concat(longer.map((group) => ({ group, share: exact.length ? 0.5 : 0.8 })));
      }
      if (!parts.length) {
        const stem = word.replace(/(?:ations?|ings?|edly|ed|es|ly|s)$/, '');
        if (stem.length > 2 && stem !== word) {
          const near = await this.groups(stem, `${stem}\uffff`, (surface) => surface.startsWith(stem) && surface.length <= word.length + 3, 2);
          parts = near.map((group) => ({ group, share: 0.8 }));
        }
      }
      if (parts.length) return { parts, read: null };
      return this.misspelt(word);
    }

    async misspelt(word) {
      const limit = edits(word);
      if (!limit) return { parts: [], read: null };
      let best = null;
      const offer = (other, popular) => {
        const edit = distance(word, other, limit);
        if (edit > limit) return;
        const cost = edit - (other[0] === word[0] ? 0.3 : 0) - Math.min(popular, 50) / 200;
        if (!best || cost < best.cost) best = { other, cost };
      };
      for (const { word: other, titles } of this.hot) offer(other, titles);
      const nearby = await this.groups(word.slice(0, 1), `${word.slice(0, 1)}\uffff`, () => true, 6);
      for (const group of nearby) for (const surface of group.surfaces) offer(surface, group.postings.length / 4);
      if (!best) return { parts: [], read: null };
      const groups = await this.groups(best.other, best.other, (surface) => surface === best.other, 1);
      return { parts: groups.map((group) => ({ group, share: 0.7 })), read: best.other };
    }

    // The entries that fit, best first: `{ entry, score }`; `read` is the query as it was understood.
    async query(text) {
      let words = scan(text);
      const meant = words.filter((word) => !this.stop.has(word));
      if (meant.length) words = meant;
      words = words.slice(0, 12);
      const open = /[\p{L}\p{N}_]$/u.test(text);
      const results = await Promise.all(words.map((word, at) => this.word(word, open && at === words.length - 1)));
      const extra = await Promise.all(words.map((word) => this.alike(word)));
      const scores = new Map();
      results.forEach((result, at) => {
        const best = new Map();
        for (const { group, share } of result.parts.concat(extra[at])) {
          const df = group.postings.length;
          const idf = Math.log(1 + (this.count - df + 0.5) / (df + 0.5));
          const nextHash = words[at + 1] ? hash(words[at + 1]) : 0;
          for (const posting of group.postings) {
            let value = idf * share * posting.impact;
            if (posting.surface === Math.min(group.at, 7)) value *= 1.1;
            if (posting.next !== null) value *= 1.15;
            if (nextHash && posting.next === nextHash) value += idf * 6;
            if (value > (best.get(posting.entry) ?? 0)) best.set(posting.entry, value);
          }
        }
        for (const [entry, value] of best) {
          const score = scores.get(entry) ?? { sum: 0, matched: 0 };
          score.sum += value;
          score.matched += 1;
          scores.set(entry, score);
        }
      });
      const ranked = [...scores].map(([entry, { sum, matched }]) => ({ entry, score: sum * (matched / words.length) ** 1.5 }));
      ranked.sort((a, b) => b.score - a.score || a.entry - b.entry);
      const corrected = results.some((result) => result.read);
      const read = corrected ? words.map((word, at) => results[at].read ?? word).join(' ') : null;
      const marks = words.map((word, at) => results[at].read ?? word);
      return { ranked, read, marks };
    }

    async alike(word) {
      const found = [];
      for (const other of (this.synonyms.get(word) ?? []).flatMap(scan)) {
        const groups = await this.groups(other, other, (surface) => surface === other, 1);
        found.push(...groups.map((group) => ({ group, share: 0.9 })));
      }
      return found;
    }

    async title(entry) {
      const at = Math.floor(entry / this.perTitle);
      const all = await this.file(`t/${at}-${this.titles[at]}`, (r) => {
        const found = [];
        while (r.at < r.bytes.length) found.push({ title: r.text(), number: r.text(), url: r.text(), short: r.text() });
        return found;
      });
      return all[entry % this.perTitle];
    }

    async body(entry) {
      const at = Math.floor(entry / this.perBody);
      const all = await this.file(`d/${at}-${this.bodies[at]}`, (r) => {
        const found = [];
        while (r.at < r.bytes.length) found.push(r.text());
        return found;
      });
      return all[entry % this.perBody];
    }
  }

  // The stretches of a text that begin with one of the words, as `[text, marked]`.
  function marked(text, marks) {
    const pieces = [];
    let plain = 0;
    for (const found of text.matchAll(/[\p{L}\p{N}_]+|[^\p{L}\p{N}_\s]+/gu)) {
      const word = fold(found[0]).toLowerCase();
      const hit = marks.find((mark) => word.startsWith(mark) || (mark.length > 4 && word.length > 3 && mark.startsWith(word)));
      if (!hit) continue;
      if (found.index > plain) pieces.push([text.slice(plain, found.index), false]);
      pieces.push([found[0], true]);
      plain = found.index + found[0].length;
    }
    if (plain < text.length) pieces.push([text.slice(plain), false]);
    return pieces;
  }

  // A stretch of a body around its first hit.
  function excerpt(body, marks) {
    const first = marked(body, marks).findIndex(([, hit]) => hit);
    if (first < 0) return null;
    const before = marked(body, marks).slice(0, first).reduce((sum, [text]) => sum + text.length, 0);
    const start = before < 60 ? 0 : body.indexOf(' ', before - 60) + 1;
    const end = start + 170 >= body.length ? body.length : body.lastIndexOf(' ', start + 170);
    return `${start ? '…' : ''}${body.slice(start, end)}${end < body.length ? '…' : ''}`;
  }

  globalThis.proofbookSearch = { core: { Index, scan, distance, marked, excerpt, hash } };
  if (typeof document === 'undefined') return;

  // ---- dialog ----

  const doc = document;
  const body = doc.body;
  const root = new URL(body.dataset.root, location.href);
  const rootFile = new URL(body.dataset.search, location.href);
  const folder = new URL('./', rootFile);
  const waiting = new Map();
  globalThis.proofbookShard = (name, text) => waiting.get(name)?.(text);
  const load = (name) =>
    new Promise((resolve, reject) => {
      const script = doc.createElement('script');
      waiting.set(name, resolve);
      script.src = new URL(`${name}.js`, folder);
      script.onerror = () => reject(new Error(`${name} could not be loaded`));
      script.onload = () => script.remove();
      doc.head.append(script);
    });
  const index = new Index(load);
  let ready;
  const start = () => {
    ready ??= index.start(rootFile.pathname.split('/').pop().replace(/\.js$/, ''));
    ready.catch(() => { ready = null; });
    return ready;
  };

  const el = (name, attributes = {}, ...children) => {
    const element = doc.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const icon = (name) => {
    const svg = doc.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('aria-hidden', 'true');
    const use = doc.createElementNS('http://www.w3.org/2000/svg', 'use');
    use.setAttribute('href', `#pb-i-${name}`);
    svg.append(use);
    return svg;
  };
  const withMarks = (element, text, marks) => {
    element.replaceChildren(...marked(text, marks).map(([piece, hit]) => (hit ? el('mark', {}, piece) : piece)));
    return element;
  };
  const RECENT = 'proofbook:recent';
  const recent = () => {
    try { return JSON.parse(localStorage.getItem(RECENT)) ?? []; } catch { return []; }
  };
  const remember = (query) => {
    const list = [query, ...recent().filter((other) => other !== query)].slice(0, 5);
    try { localStorage.setItem(RECENT, JSON.stringify(list)); } catch { /* nothing is kept then */ }
  };

  let dialog, input, chips, hits, didYouMean, status, back;
  let filters = { guide: '', level: '', tag: '' };
  let turn = 0;
  let selected = -1;

  function build() {
    input = el('input', {
      type: 'search', role: 'combobox', 'aria-label': 'Search questions', 'aria-expanded': 'false',
      'aria-controls': 'pb-hits', 'aria-autocomplete': 'list', autocomplete: 'off', autocapitalize: 'off',
      spellcheck: 'false', enterkeyhint: 'go', placeholder: 'A word, a type, an error code…',
    });
    const close = el('button', { class: 'ib', type: 'button', 'aria-label': 'Close search' }, icon('close'));
    chips = el('div', { class: 'chips', role: 'group', 'aria-label': 'Filters' });
    hits = el('div', { class: 'hits', id: 'pb-hits', role: 'listbox', 'aria-label': 'Results', tabindex: '-1' });
    didYouMean = el('p', { class: 'dym' });
    didYouMean.hidden = true;
    status = el('span', { role: 'status' });
    dialog = el('dialog', { class: 'search', 'aria-label': 'Search questions' },
      el('div', { class: 'sbox' }, icon('search'), input, close), chips, didYouMean, hits,
      el('div', { class: 'stat' }, status, el('span', {}, el('kbd', {}, '↑'), ' ', el('kbd', {}, '↓'), ' choose'),
        el('span', {}, el('kbd', {}, 'Enter'), ' open')));
    body.append(dialog);
    close.addEventListener('click', () => dialog.close());
    dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
    dialog.addEventListener('close', () => {
      address('');
      back?.focus();
    });
    // Esc clears the query first, then closes.
    dialog.addEventListener('cancel', (event) => {
      if (!input.value) return;
      event.preventDefault();
      input.value = '';
      show();
    });
    input.addEventListener('input', show);
    input.addEventListener('keydown', keys);
    hits.addEventListener('pointermove', (event) => {
      const option = event.target.closest('[role=option]');
      if (option) select([...hits.children].indexOf(option));
    });
    hits.addEventListener('click', (event) => {
      if (!event.target.closest('[role=option]')) return;
      remember(input.value.trim());
      if (!event.ctrlKey && !event.metaKey && !event.shiftKey) {
        back = null;
        dialog.close();
      }
    });
  }

  function keys(event) {
    const count = hits.children.length;
    const moves = { ArrowDown: selected + 1, ArrowUp: selected - 1, Home: 0, End: count - 1 };
    if (event.isComposing) return;
    if (event.key === 'Escape' && input.value) {
      event.preventDefault();
      input.value = '';
      show();
    } else if (event.key in moves && count && !(event.key === 'Home' || event.key === 'End' ? event.shiftKey : false)) {
      event.preventDefault();
      select((moves[event.key] + count) % count);
    } else if (event.key === 'Enter' && hits.children[selected]) {
      event.preventDefault();
      const link = hits.children[selected];
      if (event.ctrlKey || event.metaKey) open(link.href, '_blank', 'noopener');
      else link.click();
    }
  }

  function select(at) {
    hits.children[selected]?.setAttribute('aria-selected', 'false');
    selected = at;
    const option = hits.children[at];
    if (!option) {
      input.removeAttribute('aria-activedescendant');
      return;
    }
    option.setAttribute('aria-selected', 'true');
    option.scrollIntoView({ block: 'nearest' });
    input.setAttribute('aria-activedescendant', option.id);
  }

  // The address holds the query while the dialog is open, so that it can be shared and Back comes to it.
  function address(query) {
    const url = new URL(location.href);
    for (const [key, value] of Object.entries({ q: query, ...filters })) {
      if (query && value) url.searchParams.set(key, value);
      else if (!url.pathname.endsWith('/questions/')) url.searchParams.delete(key);
    }
    try { history.replaceState(history.state, '', url); } catch { /* the address stays, as on file: */ }
  }

  function fits(entry, without) {
    const { guide, level, tags } = index.entries[entry];
    return (
      (without === 'guide' || !filters.guide || index.guides[guide]?.letter === filters.guide) &&
      (without === 'level' || !filters.level || LEVELS[level] === filters.level) &&
      (without === 'tag' || !filters.tag || tags.some((tag) => index.tags[tag] === filters.tag))
    );
  }

  function showChips(ranked) {
    const counts = { guide: new Map(), level: new Map(), tag: new Map() };
    const add = (kind, name) => name && counts[kind].set(name, (counts[kind].get(name) ?? 0) + 1);
    for (const { entry } of ranked) {
      const { guide, level, tags } = index.entries[entry];
      if (fits(entry, 'guide')) add('guide', index.guides[guide]?.letter);
      if (fits(entry, 'level')) add('level', LEVELS[level]);
      if (fits(entry, 'tag')) tags.forEach((tag) => add('tag', index.tags[tag]));
    }
    const word = {
      guide: (name) => index.guides.find((guide) => guide.letter === name)?.title ?? name,
      level: (name) => WORDS[LEVELS.indexOf(name)],
      tag: (name) => name,
    };
    const made = [];
    for (const kind of ['guide', 'level', 'tag']) {
      const names = [...counts[kind]].sort((a, b) => b[1] - a[1]).slice(0, kind === 'tag' ? 6 : 8);
      if (filters[kind] && !names.some(([name]) => name === filters[kind])) names.unshift([filters[kind], 0]);
      if (names.length < 2 && !filters[kind]) continue;
      for (const [name, count] of names) {
        const on = filters[kind] === name;
        const chip = el('button', { type: 'button', class: 'chip', 'aria-pressed': String(on) }, `${word[kind](name)} ${count}`);
        chip.addEventListener('click', () => {
          filters[kind] = on ? '' : name;
          show();
          input.focus();
        });
        made.push(chip);
      }
    }
    chips.replaceChildren(...made);
    chips.hidden = !made.length;
  }

  function option(at, { title, number, url, short }, marks, level) {
    const target = new URL(url, root);
    // A page must be named in full where folders have no index, as on file:.
    if (location.protocol === 'file:' && target.pathname.endsWith('/')) target.pathname += 'index.html';
    target.searchParams.set('mark', marks.join(' '));
    const link = el('a', { role: 'option', id: `pb-hit-${at}`, tabindex: '-1', 'aria-selected': 'false', href: target.href });
    const pips = el('span', { class: 'pips', 'data-d': String(level), title: WORDS[level] });
    for (let pip = 0; pip < 4; pip += 1) pips.append(el('i'));
    link.append(el('span', { class: 'num' }, number), withMarks(el('b', { dir: 'auto' }), title, marks));
    if (level) link.append(pips);
    link.append(withMarks(el('span', { class: 'x', dir: 'auto' }), short, marks));
    return link;
  }

  function idle() {
    const list = recent();
    hits.replaceChildren();
    input.setAttribute('aria-expanded', 'false');
    select(-1);
    status.textContent = '';
    didYouMean.hidden = true;
    const made = list.map((query) => {
      const chip = el('button', { type: 'button', class: 'chip' }, query);
      chip.addEventListener('click', () => {
        input.value = query;
        show();
        input.focus();
      });
      return chip;
    });
    if (made.length) {
      const clear = el('button', { type: 'button', class: 'chip' }, 'Clear recent searches');
      clear.addEventListener('click', () => {
        try { localStorage.removeItem(RECENT); } catch { /* nothing was kept */ }
        idle();
        input.focus();
      });
      made.push(clear);
    }
    chips.replaceChildren(...made);
    chips.hidden = !made.length;
  }

  async function show() {
    const mine = ++turn;
    const query = input.value.trim();
    address(query);
    if (!query) {
      idle();
      return;
    }
    try {
      await start();
      const { ranked, read, marks } = await index.query(input.value.trimStart());
      const kept = ranked.filter(({ entry }) => fits(entry));
      const top = kept.slice(0, SHOWN);
      const titles = await Promise.all(top.map(({ entry }) => index.title(entry)));
      // An answer to an older query is dropped.
      if (mine !== turn) return;
      hits.replaceChildren(...top.map(({ entry }, at) => option(at, titles[at], marks, index.entries[entry].level)));
      input.setAttribute('aria-expanded', String(top.length > 0));
      showChips(ranked);
      didYouMean.hidden = !read;
      if (read) {
        const use = el('button', { type: 'button' }, read);
        use.addEventListener('click', () => {
          input.value = read;
          show();
          input.focus();
        });
        didYouMean.replaceChildren('Showing results for ', use);
      }
      const count = kept.length;
      status.textContent = count
        ? `${count} result${count === 1 ? '' : 's'}`
        : `Nothing for “${query}”. Try a type, a tag or an error code.`;
      selected = -1;
      select(count ? 0 : -1);
      lateExcerpts(mine, top, titles, marks);
    } catch {
      if (mine !== turn) return;
      hits.replaceChildren();
      status.textContent = 'The search index could not be loaded.';
    }
  }

  // Where the short answer holds none of the words, a stretch of the text that does takes its place.
  async function lateExcerpts(mine, top, titles, marks) {
    for (const [at, { entry }] of top.entries()) {
      if (marked(titles[at].short, marks).some(([, hit]) => hit)) continue;
      const found = excerpt(await index.body(entry), marks);
      if (mine !== turn) return;
      const place = hits.children[at]?.querySelector('.x');
      if (found && place) withMarks(place, found, marks);
    }
  }

  function openDialog(query) {
    if (!dialog) build();
    if (!dialog.open) {
      back = doc.activeElement;
      dialog.showModal();
    }
    if (query !== undefined) input.value = query;
    input.focus();
    input.select();
    start().catch(() => {});
    show();
  }

  // ---- arriving from a result ----

  function arrive() {
    const url = new URL(location.href);
    const words = scan(url.searchParams.get('mark') ?? '');
    url.searchParams.delete('mark');
    try { history.replaceState(history.state, '', url); } catch { /* the address stays */ }
    const target = url.hash && doc.getElementById(decodeURIComponent(url.hash.slice(1)));
    const within = target || doc.getElementById('pb-main');
    if (!words.length || !within) return;
    for (const answer of target ? target.querySelectorAll('details.ans') : []) answer.open = true;
    const made = [];
    const walker = doc.createTreeWalker(within, NodeFilter.SHOW_TEXT, (node) =>
      node.parentElement.closest('script,style,button,mark,.pl,summary') ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
    const nodes = [];
    while (walker.nextNode()) nodes.push(walker.currentNode);
    for (const node of nodes) {
      const pieces = marked(node.data, words);
      if (!pieces.some(([, hit]) => hit)) continue;
      const parts = pieces.map(([text, hit]) => (hit ? el('mark', { class: 'found' }, text) : doc.createTextNode(text)));
      made.push(...parts.filter((part) => part.nodeName === 'MARK'));
      node.replaceWith(...parts);
    }
    if (!made.length) return;
    const clear = el('button', { type: 'button', class: 'btn sm clear-marks' }, 'Clear highlights');
    const remove = () => {
      for (const mark of made) {
        const parent = mark.parentNode;
        mark.replaceWith(...mark.childNodes);
        parent?.normalize();
      }
      clear.remove();
      doc.removeEventListener('keydown', onKey);
    };
    const onKey = (event) => event.key === 'Escape' && !doc.querySelector('dialog[open]') && remove();
    clear.addEventListener('click', remove);
    doc.addEventListener('keydown', onKey);
    body.append(clear);
    target?.scrollIntoView();
  }

  globalThis.proofbookSearch.open = openDialog;
  globalThis.proofbookSearch.arrive = arrive;
})();
