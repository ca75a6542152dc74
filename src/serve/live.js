// Keeps a page fresh while its site is written. Served by `proofbook serve` alone; no built site holds it.
(() => {
  'use strict';
  const doc = document, html = doc.documentElement;
  const { page, parts } = doc.currentScript.dataset;
  const known = JSON.parse(parts);
  const KEPT = 'proofbook-live', SEARCH = 'search/root.js';
  let token = null, follow = false, leaving = false;

  const el = (name, attributes = {}, ...children) => {
    const element = doc.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== null) element.setAttribute(key, value);
    }
    element.append(...children);
    return element;
  };

  // ---- what is kept over a reload ----

  // Where an element stands: steps down from the nearest element with an id.
  const pathOf = (element) => {
    const steps = [];
    for (let it = element; it && it !== html; it = it.parentElement) {
      if (it.id) {
        steps.unshift('#' + CSS.escape(it.id));
        break;
      }
      let nth = 1;
      for (let other = it.previousElementSibling; other; other = other.previousElementSibling) {
        if (other.localName === it.localName) nth++;
      }
      steps.unshift(`${it.localName}:nth-of-type(${nth})`);
    }
    return steps.join(' > ');
  };
  const at = (path) => { try { return path && doc.querySelector(path); } catch { return null; } };

  // Foldings by the nearest id above and their number below it, so that text that comes or goes moves none.
  const foldings = () => {
    const counts = new Map();
    return [...doc.querySelectorAll('details')].map((it) => {
      const near = it.closest('[id]')?.id ?? '';
      const number = counts.get(near) ?? 0;
      counts.set(near, number + 1);
      return [`${near}/${number}`, it];
    });
  };

  // The last element with an id above the upper edge, and how far.
  const anchor = () => {
    let found = null;
    for (const it of doc.querySelectorAll('main [id]')) {
      const { top } = it.getBoundingClientRect();
      if (top > 120) break;
      found = { id: it.id, top };
    }
    return found;
  };

  const keep = () => {
    const active = doc.activeElement;
    const search = doc.querySelector('dialog.search[open]');
    return {
      path: location.pathname,
      y: scrollY,
      anchor: anchor(),
      folded: foldings().map(([key, it]) => [key, it.open]),
      fields: [...doc.querySelectorAll('input,textarea,select')]
        .filter((it) => !it.closest('dialog.search') && it.type !== 'password' && it.type !== 'file')
        .map((it) => [pathOf(it), it.value, it.checked ?? null]),
      dialogs: [...doc.querySelectorAll('dialog[open][id]')].map((it) => it.id),
      popovers: [...doc.querySelectorAll('[popover][id]')].filter((it) => it.matches(':popover-open')).map((it) => it.id),
      search: search ? search.querySelector('input')?.value ?? '' : null,
      focus: active && active !== doc.body && !search ? pathOf(active) : null,
      caret: active?.selectionStart ?? null,
    };
  };

  const restore = (kept) => {
    const folded = new Map(kept.folded);
    for (const [key, it] of foldings()) {
      if (folded.has(key)) it.open = folded.get(key);
    }
    for (const [path, value, checked] of kept.fields) {
      const it = at(path);
      if (!it || (it.value === value && (it.checked ?? null) === checked)) continue;
      it.value = value;
      if (checked !== null) it.checked = checked;
      it.dispatchEvent(new Event('input', { bubbles: true }));
      it.dispatchEvent(new Event('change', { bubbles: true }));
    }
    for (const id of kept.popovers) doc.getElementById(id)?.showPopover?.();
    for (const id of kept.dialogs) {
      const dialog = doc.getElementById(id);
      if (dialog && !dialog.open) dialog.showModal?.();
    }
    // With words in it the dialog is in the address, and opens by itself.
    if (kept.search === '') doc.querySelector('[data-do=search]')?.click();
    const focused = at(kept.focus);
    focused?.focus({ preventScroll: true });
    if (kept.caret !== null) try { focused?.setSelectionRange(kept.caret, kept.caret); } catch { /* no text field */ }
    const scroll = () => {
      const place = kept.anchor && doc.getElementById(kept.anchor.id);
      const y = place ? scrollY + place.getBoundingClientRect().top - kept.anchor.top : kept.y;
      scrollTo({ top: y, behavior: 'instant' });
    };
    if (kept.go) {
      go(kept.go);
      return;
    }
    scroll();
    // Pictures and fonts may move it once more; a reader who scrolls meanwhile is left alone.
    let moved = false;
    for (const name of ['wheel', 'touchmove', 'keydown', 'pointerdown']) {
      addEventListener(name, () => { moved = true; }, { once: true, passive: true });
    }
    addEventListener('load', () => { if (!moved) scroll(); }, { once: true });
  };

  const go = (id) => {
    const target = id && doc.getElementById(id);
    for (let it = target?.closest('details'); it; it = it.parentElement.closest('details')) it.open = true;
    target?.scrollIntoView({ behavior: 'instant' });
  };

  const reload = (id) => {
    if (leaving) return;
    leaving = true;
    try {
      sessionStorage.setItem(KEPT, JSON.stringify({ ...keep(), go: id ?? null }));
      history.scrollRestoration = 'manual';
    } catch { /* it is only less comfortable */ }
    location.reload();
  };

  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? 'null');
    sessionStorage.removeItem(KEPT);
    if (kept?.path === location.pathname) restore(kept);
  } catch { /* storage may be refused */ }

  // ---- news of the site ----

  const local = (address) => {
    try {
      const url = new URL(address, location.href);
      return url.origin === location.origin ? url.pathname : null;
    } catch {
      return null;
    }
  };

  // The new sheet is loaded beside the old one, so that nothing is ever bare.
  const swapParts = (base, news) => {
    for (const { name, path, hash } of news) {
      if (known[name] === hash) continue;
      known[name] = hash;
      if (name === SEARCH) {
        if (doc.body.dataset.search) doc.body.dataset.search = base + path;
        continue;
      }
      const stem = name.slice(name.lastIndexOf('/') + 1).replace(/\.css$/, '');
      const folder = base + name.slice(0, name.lastIndexOf('/') + 1);
      const is = (file) => file === name.slice(name.lastIndexOf('/') + 1) || new RegExp(`^${RegExp.escape?.(stem) ?? stem.replace(/[^\w-]/g, '\\$&')}\\.[0-9a-f]{8}\\.css$`).test(file);
      for (const link of doc.querySelectorAll('link[rel=stylesheet]')) {
        const old = local(link.href);
        if (!old?.startsWith(folder) || !is(decodeURIComponent(old.slice(folder.length)))) continue;
        const fresh = link.cloneNode();
        fresh.href = `${base}${path}?${hash}`;
        const done = () => link.remove();
        fresh.addEventListener('load', done, { once: true });
        fresh.addEventListener('error', done, { once: true });
        link.after(fresh);
      }
    }
  };

  const onSite = (news) => {
    const { base, place, changed } = news;
    const here = location.pathname;
    const there = follow && place ? base + place.page : null;
    if (there !== null && decodeURIComponent(here) !== there) {
      location.assign(encodeURI(there) + (place.id ? '#' + encodeURIComponent(place.id) : ''));
      return;
    }
    const loaded = new Set(changed.map((path) => base + path));
    const scripts = [...doc.scripts].some((script) => script.src && loaded.has(local(script.src)));
    // A search that is at work holds the old index.
    const searched = window.proofbookSearch && news.parts.some(({ name, hash }) => name === SEARCH && known[SEARCH] !== hash);
    if (news.page !== page || scripts || searched) {
      reload(there === null ? null : place.id);
      return;
    }
    swapParts(base, news.parts);
    for (const picture of doc.querySelectorAll('img[src]')) {
      const path = local(picture.src);
      if (path && loaded.has(decodeURIComponent(path))) picture.src = `${path}?${news.version}`;
    }
  };

  // ---- what is wrong ----

  const sheet = (text) => {
    const made = new CSSStyleSheet();
    made.replaceSync(text);
    return made;
  };
  const look = sheet(`
    :host { all: initial; color-scheme: light dark; font: 400 15px/1.5 system-ui, sans-serif }
    * { box-sizing: border-box }
    .panel { position: fixed; inset: auto 0 0; max-height: 65vh; overflow: auto; z-index: 2147483647; padding: 14px 20px 20px;
      background: light-dark(#fff, #111827); color: light-dark(#111827, #f3f4f6); border-top: 4px solid light-dark(#b91c1c, #f87171);
      box-shadow: 0 -8px 30px #0006 }
    .panel.mild { border-color: light-dark(#92400e, #fbbf24) }
    .top { display: flex; gap: 12px; align-items: center; justify-content: space-between }
    h2 { font-size: 17px; margin: 0 }
    .say { margin: 4px 0 10px }
    article { margin: 12px 0 0 }
    a { color: light-dark(#1d4ed8, #93c5fd); font-weight: 600 }
    pre { margin: 6px 0 0; padding: 10px 12px; overflow-x: auto; font: 13px/1.45 ui-monospace, monospace; white-space: pre;
      background: light-dark(#f3f4f6, #1f2937); border-radius: 6px }
    button { font: inherit; padding: 6px 14px; border-radius: 6px; border: 1px solid currentColor; background: none; color: inherit;
      cursor: pointer; min-height: 32px }
    button:focus-visible, a:focus-visible, pre:focus-visible { outline: 2px solid light-dark(#1d4ed8, #93c5fd); outline-offset: 2px }
    .chip { position: fixed; inset: auto 16px 16px auto; z-index: 2147483647; background: light-dark(#fff, #111827);
      color: light-dark(#92400e, #fbbf24) }
    .chip.off { color: light-dark(#374151, #d1d5db); border: 1px solid; border-radius: 6px; padding: 6px 14px; inset: auto auto 16px 16px }
  `);
  const receipt = sheet(`
    :host { display: block; padding: 0 1.25rem .9rem; font: 400 .875rem/1.5 system-ui, sans-serif }
    pre { margin: .4rem 0 .7rem; padding: .6rem .8rem; overflow-x: auto; font: .8125rem/1.5 ui-monospace, monospace; white-space: pre;
      border: 1px solid; border-radius: 6px }
    .add { color: light-dark(#166534, #86efac) }
    .cut { color: light-dark(#991b1b, #fca5a5) }
    button { font: inherit; font-weight: 600; padding: .4rem 1rem; border-radius: 6px; border: 1px solid; background: none; color: inherit;
      cursor: pointer; min-height: 32px }
    button:focus-visible, pre:focus-visible { outline: 2px solid; outline-offset: 2px }
  `);

  let host, root, shut = false, last = '';
  const surface = () => {
    if (!host) {
      host = el('proofbook-live');
      root = host.attachShadow({ mode: 'open' });
      root.adoptedStyleSheets = [look];
    }
    if (!host.isConnected) doc.body.append(host);
    return root;
  };

  const article = (problem) => {
    const place = problem.file ? problem.file + (problem.line ? `:${problem.line}:${problem.column}` : '') : '';
    const link = place && problem.link ? el('a', { href: problem.link }, place) : place;
    return el('article', { class: problem.severity }, link, el('pre', { tabindex: '0' }, problem.text));
  };

  const showProblems = (report) => {
    const { problems = [], more = 0, isWithheld = false } = report;
    const text = JSON.stringify(problems);
    if (text !== last) shut = false;
    last = text;
    root?.querySelectorAll('.panel,.chip:not(.off)').forEach((it) => it.remove());
    if (!problems.length) return;
    const errors = problems.filter((problem) => problem.severity === 'error').length;
    const count = (number, noun) => `${number} ${noun}${number === 1 ? '' : 's'}`;
    const others = problems.length - errors;
    const title = [errors && count(errors, 'error'), others && count(others, 'warning')].filter(Boolean).join(', ');
    const chip = () => {
      const button = el('button', { class: 'chip', type: 'button' }, title);
      button.addEventListener('click', () => { button.remove(); panel(true); });
      surface().append(button);
    };
    const panel = (focus) => {
      const close = el('button', { type: 'button' }, 'Hide');
      const box = el('section', { class: errors ? 'panel' : 'panel mild', 'aria-label': 'Problems', role: errors ? 'alert' : null },
        el('div', { class: 'top' }, el('h2', {}, title), close));
      if (isWithheld) box.append(el('p', { class: 'say' }, 'The page behind is the last good one.'));
      box.append(...problems.map(article));
      if (more) box.append(el('p', {}, `${more} more are in the terminal.`));
      close.addEventListener('click', () => { shut = true; box.remove(); chip(); });
      surface().append(box);
      if (focus) close.focus();
    };
    if (errors && !shut) panel(false);
    else chip();
  };

  const accept = async (snippet, button, say) => {
    button.disabled = true;
    try {
      const answer = await fetch('/.proofbook/accept', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-Proofbook-Token': token ?? '' },
        body: JSON.stringify({ slug: snippet.slug, observed: snippet.observed }),
      });
      if (answer.ok) {
        say.textContent = 'Accepted; the page follows.';
        return;
      }
      say.textContent = answer.status === 403 ? 'Outputs can be accepted only in a browser on the machine that serves.' : await answer.text();
    } catch {
      say.textContent = 'The server does not answer.';
    }
    button.disabled = false;
  };

  // What a failed snippet did, on its receipt: for the author, so that the built page has nothing of it.
  const showSnippets = ({ snippets = [], problems = [] }) => {
    doc.querySelectorAll('[data-proofbook-live]').forEach((it) => it.remove());
    const failed = new Map(snippets.map((snippet) => [snippet.slug, snippet]));
    for (const figure of doc.querySelectorAll('[data-snippet]')) {
      const snippet = failed.get(figure.dataset.snippet);
      if (!snippet) continue;
      const place = el('div', { 'data-proofbook-live': '' });
      const inside = place.attachShadow({ mode: 'open' });
      inside.adoptedStyleSheets = [receipt];
      const say = el('p', { role: 'status' });
      if (snippet.differences.length) {
        for (const difference of snippet.differences) {
          const lines = difference.split('\n').map((line) => {
            const kind = line.startsWith('+') ? 'add' : line.startsWith('-') ? 'cut' : null;
            return el('span', { class: kind }, line + '\n');
          });
          inside.append(el('pre', { class: 'diff', tabindex: '0' }, ...lines));
        }
        const button = el('button', { class: 'accept', type: 'button' }, 'Accept this output');
        button.addEventListener('click', () => accept(snippet, button, say));
        inside.append(button);
      } else {
        const own = problems.filter((problem) => problem.snippet === snippet.slug);
        inside.append(...own.map((problem) => el('pre', { tabindex: '0' }, problem.text)));
      }
      inside.append(say);
      (figure.querySelector('.rc') ?? figure).append(place);
    }
  };

  // ---- the channel ----

  let channel = null, lost;
  const online = () => {
    clearTimeout(lost);
    lost = 0;
    root?.querySelector('.off')?.remove();
  };
  const offline = () => {
    lost ||= setTimeout(() => surface().append(el('div', { class: 'chip off', role: 'status' }, 'proofbook serve does not answer')), 2000);
  };
  const connect = () => {
    if (channel && channel.readyState !== EventSource.CLOSED) return;
    channel = new EventSource('/.proofbook/events?page=' + location.pathname);
    channel.addEventListener('session', (event) => {
      online();
      ({ token, follow } = JSON.parse(event.data));
    });
    channel.addEventListener('site', (event) => { if (!leaving) onSite(JSON.parse(event.data)); });
    channel.addEventListener('problems', (event) => {
      const report = JSON.parse(event.data);
      showProblems(report);
      showSnippets(report);
    });
    channel.addEventListener('error', () => { if (!leaving && !doc.hidden) offline(); });
  };
  const disconnect = () => {
    channel?.close();
    channel = null;
    online();
  };
  // A browser has few connections to one server: pages that nobody looks at leave theirs to others, and ask anew later.
  const attend = () => (doc.hidden ? disconnect() : connect());
  doc.addEventListener('visibilitychange', attend);
  addEventListener('pagehide', () => {
    disconnect();
    // Whoever comes back finds the place where the browser left it; only our own loads find it themselves.
    if (!leaving) history.scrollRestoration = 'auto';
  });
  addEventListener('pageshow', attend);
  attend();
})();
