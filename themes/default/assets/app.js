// The theme's script: classic and without dependencies, so that it runs from a folder too. What needs it has class `js`.
(() => {
  'use strict';
  const doc = document, html = doc.documentElement, body = doc.body;
  const $ = (selector, from = doc) => from.querySelector(selector);
  const $$ = (selector, from = doc) => [...from.querySelectorAll(selector)];
  html.classList.add('js');

  // The stub at an old address: keep the fragment that its refresh would drop.
  if (body.dataset.moved) return location.replace(body.dataset.moved + location.hash);

  // Storage may be refused; a choice then lasts for the page.
  const store = {
    get(key) { try { return localStorage.getItem(key); } catch { return null; } },
    set(key, value) {
      try { value === null ? localStorage.removeItem(key) : localStorage.setItem(key, value); } catch {}
    },
  };

  // Some browsers refuse this to pages opened from a folder.
  const setAddress = (url) => { try { history.replaceState(null, '', url); } catch { /* it stays */ } };

  let fade;
  const say = (text) => {
    const toast = $('#pb-toast');
    if (!toast) return;
    toast.textContent = text;
    clearTimeout(fade);
    fade = setTimeout(() => { toast.textContent = ''; }, 2500);
  };

  // Theme: a choice that equals the default is forgotten.
  const dark = matchMedia('(prefers-color-scheme:dark)');
  const unchosen = () => html.dataset.default || (dark.matches ? 'dark' : 'light');
  const applyTheme = (choice) => {
    if (choice || html.dataset.default) html.dataset.theme = choice || html.dataset.default;
    else delete html.dataset.theme;
  };
  const switchTheme = () => {
    const next = (html.dataset.theme || unchosen()) === 'dark' ? 'light' : 'dark';
    const choice = next === unchosen() ? null : next;
    store.set('theme', choice);
    applyTheme(choice);
    say(next === 'dark' ? 'Dark theme' : 'Light theme');
  };
  addEventListener('storage', (event) => { if (event.key === 'theme') applyTheme(event.newValue); });

  // Copying
  const copy = async (text, done) => {
    try {
      await navigator.clipboard.writeText(text);
      say(done);
    } catch {
      say('Copying was refused by the browser');
    }
  };
  // The source alone, without the compiler's labels.
  const source = (exhibit) => {
    const code = $('pre.code code', exhibit).cloneNode(true);
    $$('.say', code).forEach((label) => label.remove());
    const lines = $$('.ln', code);
    const text = lines.length ? lines.map((line) => line.textContent.replace(/\n+$/, '')).join('\n') : code.textContent;
    return text.replace(/\s*$/, '\n');
  };
  // The page's Markdown from the question's heading to the next of its level or above.
  const cut = (markdown, question) => {
    const lines = markdown.split('\n');
    const plain = (text) => text.replace(/\{#[^}]*\}\s*$|#$/, '').replace(/[`*_\\]/g, '').trim();
    const title = plain($('.q-t', question).textContent);
    let fence = '', start = -1, level = 0;
    for (let at = 0; at < lines.length; at++) {
      const mark = /^ {0,3}(`{3,}|~{3,})/.exec(lines[at]);
      if (mark && !fence) fence = mark[1];
      else if (mark && lines[at].trim().startsWith(fence)) fence = '';
      const heading = !fence && /^(#{1,6})\s+(.*)/.exec(lines[at]);
      if (!heading) continue;
      if (start >= 0 && heading[1].length <= level) return lines.slice(start, at).join('\n').trim() + '\n';
      const named = new RegExp(`\\{#${question.id}[ }]`).test(heading[2]) || plain(heading[2]) === title;
      if (start < 0 && named) [start, level] = [at, heading[1].length];
    }
    return start < 0 ? '' : lines.slice(start).join('\n').trim() + '\n';
  };
  const copyMarkdown = async (question) => {
    let text = '';
    try {
      const answer = await fetch(body.dataset.md);
      if (answer.ok) text = cut(await answer.text(), question);
    } catch { /* a page opened from a folder may not fetch */ }
    if (text) copy(text, 'Question copied as Markdown');
    else say('The Markdown could not be loaded');
  };

  // Folding
  const anyOpen = () => !!$('.ans[open]');
  const fold = (shut) => {
    $$('.ans').forEach((answer) => { answer.open = !shut; });
    const button = $('[data-do=fold]');
    if (button) {
      button.setAttribute('aria-pressed', shut);
      $('span', button).textContent = shut ? 'Show all answers' : 'Hide all answers';
    }
    say(shut ? 'Answers hidden' : 'Answers shown');
  };
  // A link into an answer opens it; a link to a folded question leaves it folded.
  const land = () => {
    let target = null;
    try { target = location.hash && doc.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { /* not an id */ }
    if (!target) return;
    let opened = false;
    for (let it = target.parentElement?.closest('details'); it; it = it.parentElement.closest('details')) {
      opened ||= !it.open;
      it.open = true;
    }
    if (opened) target.scrollIntoView();
  };
  addEventListener('hashchange', land);
  land();

  // Where the reader is
  const questions = $$('.q');
  let current = -1;
  if (questions.length) {
    const links = new Map($$('.rail a').map((link) => [decodeURIComponent(link.hash.slice(1)), link]));
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        current = questions.indexOf(entry.target);
        $$('.rail [aria-current]').forEach((link) => link.removeAttribute('aria-current'));
        const link = links.get(entry.target.id);
        if (link) {
          link.setAttribute('aria-current', 'true');
          const rail = link.closest('.rail');
          rail.scrollTop = link.offsetTop - rail.clientHeight / 2;
        }
        const place = $('#pb-pos');
        if (place) place.textContent = `${current + 1} / ${questions.length}`;
      }
    }, { rootMargin: '-20% 0px -75%' });
    questions.forEach((question) => seen.observe(question));
  }
  const go = (index) => {
    const question = questions[Math.max(0, Math.min(questions.length - 1, index))];
    if (!question) return;
    current = questions.indexOf(question);
    question.scrollIntoView();
    $('.pl', question).focus({ preventScroll: true });
    setAddress('#' + question.id);
  };
  const toggle = () => {
    const answer = questions[current] && $('.ans', questions[current]);
    if (answer) answer.open = !answer.open;
  };

  // Search comes when the reader reaches for it.
  let loading;
  const load = () => loading ||= new Promise((resolve, reject) => {
    const script = doc.createElement('script');
    script.src = body.dataset.searchJs;
    script.onload = resolve;
    script.onerror = reject;
    doc.head.append(script);
  });
  const search = async (event) => {
    if (!body.dataset.searchJs) return;
    event?.preventDefault();
    try {
      await load();
      window.proofbookSearch.open();
    } catch {
      loading = null;
      location.href = $('.find').href;
    }
  };
  const reach = body.dataset.searchJs && $('[data-do=search]');
  for (const event of reach ? ['pointerenter', 'focus'] : []) {
    reach.addEventListener(event, () => load().catch(() => { loading = null; }), { once: true });
  }

  // From a search result, or by an address that holds a query of the dialog.
  const params = new URLSearchParams(location.search);
  if (body.dataset.searchJs && params.has('mark')) load().then(() => window.proofbookSearch.arrive(), () => {});
  else if (body.dataset.searchJs && params.get('q') && !$('.ql')) load().then(() => window.proofbookSearch.open(params.get('q')), () => {});

  // Printing: everything is opened, unless the questions alone were asked for.
  let opened = [];
  addEventListener('beforeprint', () => {
    if (html.classList.contains('bare-q')) return;
    opened = $$('details:not([open])');
    opened.forEach((it) => { it.open = true; });
  });
  addEventListener('afterprint', () => {
    opened.forEach((it) => { it.open = false; });
    opened = [];
    html.classList.remove('bare-q');
  });
  const printQuestions = () => { html.classList.add('bare-q'); print(); };
  if (new URLSearchParams(location.search).get('print') === 'questions') addEventListener('load', printQuestions);

  const help = () => $('#pb-help')?.showModal();
  const acts = {
    copy: (button) => copy(source(button.closest('.ex')), 'Code copied'),
    md: (button) => copyMarkdown(button.closest('.q')),
    fold: () => fold(anyOpen()),
    theme: switchTheme,
    print: () => print(),
    'print-questions': printQuestions,
    help,
    search: (_, event) => { if (!(event.ctrlKey || event.metaKey || event.shiftKey)) search(event); },
  };
  doc.addEventListener('click', (event) => {
    const button = event.target.closest('[data-do]');
    if (button) acts[button.dataset.do]?.(button, event);
    // A link in an open drawer may stay on the page.
    if (event.target.closest('a')) event.target.closest('[popover]:popover-open')?.hidePopover();
  });

  // Keys. Single ones rest while typing, in dialogs, and where the reader turned them off.
  const keys = {
    '/': search,
    j: () => go(current + 1),
    k: () => go(current - 1),
    o: toggle,
    h: () => fold(anyOpen()),
    c: () => questions[current] && copyMarkdown(questions[current]),
    t: switchTheme,
    '?': help,
  };
  addEventListener('keydown', (event) => {
    if (event.isComposing || event.defaultPrevented) return;
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'k') return search(event);
    if (event.ctrlKey || event.metaKey || event.altKey || store.get('single-keys') === 'off') return;
    if (event.target.closest?.('input,textarea,select,dialog[open],[contenteditable]') || !Object.hasOwn(keys, event.key)) return;
    if (event.key === '/' && !body.dataset.searchJs) return;
    event.preventDefault();
    keys[event.key](event);
  });
  const single = $('#pb-keys');
  if (single) {
    single.checked = store.get('single-keys') !== 'off';
    single.addEventListener('change', () => store.set('single-keys', single.checked ? null : 'off'));
  }

  // The filter page: tags and text besides the radios, all in the address.
  const form = $('.flt');
  if (form) {
    const rows = $$('.ql li').map((row) => ({ row, tags: row.dataset.tags.split('\n'), text: row.textContent.toLowerCase() }));
    const filter = () => {
      const want = Object.fromEntries(new FormData(form));
      const words = (want.q || '').toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const { row, tags, text } of rows) {
        row.hidden = (want.tag && !tags.includes(want.tag)) || !words.every((word) => text.includes(word));
        if (!row.hidden && (!want.level || want.level === row.dataset.level) && (!want.ending || want.ending === row.dataset.k)) count++;
      }
      $('#pb-count').textContent = count ? `${count} of ${rows.length} questions` : 'No question fits. Try fewer words, or another level or ending.';
      const query = new URLSearchParams(Object.entries(want).filter(([, value]) => value)).toString();
      setAddress(query ? '?' + query : location.pathname);
    };
    for (const [name, value] of new URLSearchParams(location.search)) {
      const field = form.elements.namedItem(name);
      if (field) field.value = value;
    }
    form.addEventListener('input', filter);
    form.addEventListener('submit', (event) => event.preventDefault());
    filter();
  }
})();
