// The page at `/`. It asks the service that it came from, and nobody else; nothing that it shows becomes HTML.
//
//   helpers        elements, numbers, waiting
//   service        one request, its errors in words, the key
//   labels         a colour for each label
//   verdict        the bars of one prediction
//   explanation    the sentence strip and the coloured words
//   pane           one box with what the service says of its text
//   changes        what an edit has changed, and why
//   snippets       the same request for a program
//   files          rows of CSV, JSONL and plain lists
//   many           scoring them, the table, the histogram, the file to save
//   models         versions, figures, cards, pictures, history
//   health         what this replica has done since the page was opened
//   start

// ---------------------------------------------------------------------------------------------- helpers

const byId = (id) => document.getElementById(id);

/** Make an element; properties that begin with "aria-" or "data-", and `role`, become attributes. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "style") for (const [key, each] of Object.entries(value)) element.style.setProperty(key, each);
    else if (/^(aria-|data-|role$|scope$|for$|colspan$)/.test(name)) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const percent = (ratio, digits = 1) => `${(100 * ratio).toFixed(digits)} %`;
const inCss = (ratio) => `${(100 * ratio).toFixed(2)}%`;
const number = new Intl.NumberFormat("en");
const signed = (value, digits = 2) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(digits)}`;
const plural = (count, one, many = `${one}s`) => `${number.format(count)} ${count === 1 ? one : many}`;
const graphemes = new Intl.Segmenter("en", { granularity: "grapheme" });
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Return the beginning of a longer text, cut between the characters that readers see. */
function shorten(text, length) {
  if (text.length <= length) return text;
  const end = graphemes.segment(text.slice(0, length + 50)).containing(length)?.index ?? length;
  return `${text.slice(0, end).trimEnd()} …`;
}

/** Return a box in which a table that is wider than the screen can be moved, also by keyboard. */
const scrolling = (name, table) => make("div", { className: "scroll", tabIndex: 0, role: "region", "aria-label": name }, table);

/** Let the browser draw and react, whenever the work since the last time has taken some milliseconds. */
class Breather {
  constructor() { this.since = performance.now(); }
  async rest() {
    if (performance.now() - this.since < 12) return;
    await sleep(0);
    this.since = performance.now();
  }
}

/** Return two sorted lists as one. */
async function merged(left, right, compare, breather) {
  const both = [];
  let [i, j] = [0, 0];
  while (i < left.length || j < right.length) {
    if (both.length % 256 === 0) await breather.rest();
    both.push(j >= right.length || (i < left.length && compare(left[i], right[j]) <= 0) ? left[i++] : right[j++]);
  }
  return both;
}

/** Return a sorted list, letting the browser react meanwhile: sorting many texts at once would be felt. */
async function sorted(items, compare) {
  const breather = new Breather();
  let runs = [];
  for (let at = 0; at < items.length; at += 500) {
    runs.push(items.slice(at, at + 500).sort(compare));
    await breather.rest();
  }
  while (runs.length > 1) {
    const longer = [];
    for (let at = 0; at < runs.length; at += 2) {
      longer.push(at + 1 < runs.length ? await merged(runs[at], runs[at + 1], compare, breather) : runs[at]);
    }
    runs = longer;
  }
  return runs[0] ?? [];
}

/** Let the arrow keys move the focus among the children that match; Tab enters and leaves the group. */
function roving(group, selector, chosen = () => {}) {
  const items = () => [...group.querySelectorAll(selector)];
  const enter = (item) => {
    for (const each of items()) each.tabIndex = each === item ? 0 : -1;
    chosen(item);
  };
  group.addEventListener("focusin", (event) => {
    const item = event.target.closest(selector);
    if (item) enter(item);
  });
  group.addEventListener("keydown", (event) => {
    const all = items();
    const at = all.indexOf(event.target.closest(selector));
    const next = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    all[Math.max(0, Math.min(all.length - 1, next))].focus();
  });
  items().forEach((item, index) => { item.tabIndex = index === 0 ? 0 : -1; });
}

// ---------------------------------------------------------------------------------------------- service

const service = {
  key: "",
  limits: { max_reviews: 256, max_review_characters: 100000, max_body_bytes: 2097152 },
  address: (path) => new URL(path, document.baseURI),
};

/** What went wrong with a request: its status (0 without an answer), code, words for people, seconds to wait. */
class Problem extends Error {
  constructor(status, body, retryAfter) {
    super(inWords(status, body, retryAfter));
    this.status = status;
    this.code = body.code ?? "";
    this.errors = body.errors ?? [];
    this.retryAfter = retryAfter;
  }
  get passes() { return [0, 429, 502, 503].includes(this.status); }
}

function inWords(status, body, retryAfter) {
  const wait = retryAfter ? ` Try again in ${plural(retryAfter, "second")}.` : "";
  const where = (body.errors ?? []).slice(0, 3).map((each) => each.message).join("; ");
  const words = {
    0: "The service cannot be reached. It may be stopped, or the network is down.",
    401: service.key ? "The service does not know this key." : "The service needs an API key.",
    404: "The service has nothing at this address.",
    408: "The text took too long to arrive.",
    413: "This is too much text for one request.",
    422: where ? `The service cannot take this text: it ${where}.` : "The service cannot take this text.",
    429: `The service is busy: more is waiting than it can answer in time.${wait}`,
    500: body.code === "inference_failed" ? "The model failed on this text." : "The service has failed; its log says more.",
    502: `The service gave the proxy no answer.${wait}`,
    503: body.code === "draining" ? `This replica is about to stop.${wait}` : `No model is ready yet.${wait}`,
    504: "The answer was not ready in time. A shorter text may help.",
  }[status];
  const id = status === 500 && body.request_id ? ` Request ${body.request_id}.` : "";
  return (words ?? `The service answered with an error: ${body.title ?? status}.`) + id;
}

/** Send one request; return the response, or throw a Problem. */
async function send(path, { body, signal, key = service.key, timeout = 35000 } = {}) {
  const headers = key ? { "X-API-Key": key } : {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const limit = AbortSignal.timeout(timeout);
  let response;
  try {
    response = await fetch(service.address(path), {
      method: body === undefined ? "GET" : "POST",
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      cache: "no-store",
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, {}, 0);
  }
  if (response.ok) return response;
  const content = await response.json().catch(() => ({}));
  const retryAfter = Math.min(60, Number(response.headers.get("Retry-After")) || 0);
  throw new Problem(response.status, content, retryAfter);
}

const ask = async (path, options) => (await send(path, options)).json();

const keyForm = byId("key-form");

/** Show where to type a key, if that is what is missing. */
function wantsKey(problem) {
  if (problem.status !== 401) return;
  keyForm.hidden = false;
  byId("key-problem").hidden = !service.key;
  byId("key-problem").textContent = service.key ? problem.message : "";
}

keyForm.addEventListener("submit", async (event) => {
  event.preventDefault();
  service.key = byId("key").value.trim();
  byId("key").value = "";
  try {
    await ask("status");
  } catch (problem) {
    wantsKey(problem);
    return;
  }
  keyForm.hidden = true;
  await refresh();
});

// ---------------------------------------------------------------------------------------------- labels

const SCALE = ["very negative", "negative", "neutral", "positive", "very positive"];
const onScale = (label) => SCALE.indexOf(label.toLowerCase());
const isNumber = (label) => label.trim() !== "" && Number.isFinite(Number(label));

/** Return the labels of a prediction from the lowest to the highest where they have such an order, else as they came. */
function labelsOf(probabilities) {
  const labels = Object.keys(probabilities);
  if (labels.every(isNumber)) return labels.sort((a, b) => a - b);  // JavaScript puts whole numbers first
  return labels.every((label) => onScale(label) >= 0) ? labels.sort((a, b) => onScale(a) - onScale(b)) : labels;
}

/** Return where a label stands between the colours of the lowest and the highest, 0 to 1. */
function place(label, labels) {
  const at = onScale(label);
  const steps = labels.some((each) => [0, SCALE.length - 1].includes(onScale(each))) ? 4 : 2;
  if (at >= 0) return 0.5 + (at - 2) / steps;
  if (labels.some((each) => onScale(each) >= 0)) return 0.5;  // "mixed" beside them is at neither end
  return labels.length > 1 ? labels.indexOf(label) / (labels.length - 1) : 1;
}

/** Return a style with the colour of a label: a mix of the ends, grey between them. */
function colour(label, labels) {
  const at = place(label, labels);
  const end = at < 0.5 ? "--low" : "--high";
  const share = Math.round(200 * Math.abs(at - 0.5));
  return { "--label": `color-mix(in srgb, var(${end}) ${share}%, var(--mid))` };
}

/** Return which label a contribution to the predicted one speaks for; null where that is several. */
function spokenFor(contribution, predicted, labels) {
  if (contribution >= 0) return predicted;
  return labels.length === 2 ? labels.find((label) => label !== predicted) : null;
}

const contributionColour = (label, labels) => (label === null ? { "--label": "var(--against)" } : colour(label, labels));
const towards = (contribution, predicted, labels) => {
  const label = spokenFor(contribution, predicted, labels);
  return label === null ? `away from ${predicted}` : `towards ${label}`;
};

// ---------------------------------------------------------------------------------------------- verdict

/** Return the bars of every label, the ends of a scale in their own order. */
function bars(probabilities) {
  const labels = labelsOf(probabilities);
  return make("ul", { className: "bars" }, ...labels.map((label) => make("li", { style: colour(label, labels) },
    make("span", {}, label),
    make("span", { className: "track" }, make("span", { className: "fill", style: { width: inCss(probabilities[label]) } })),
    make("span", { className: "value" }, percent(probabilities[label])))));
}

function verdict(answer, name, duration) {
  const [prediction] = answer.predictions;
  const facts = [plural(prediction.tokens, "token")];
  if (prediction.unknown_ratio > 0) facts.push(`${percent(prediction.unknown_ratio, 0)} of them unknown to the model`);
  if (prediction.truncated) facts.push("longer than the model reads");
  facts.push(`answered in ${Math.max(1, Math.round(duration))} ms`);
  return make("div", { className: "verdict" },
    make("div", { className: "verdict-top" },
      make("strong", {}, prediction.label),
      make("span", { className: "sure" }, percent(prediction.confidence)),
      make("span", { className: "who" }, `${name} ${answer.model.version}`)),
    bars(prediction.probabilities),
    make("p", { className: "facts" }, facts.join(" · ")));
}

// ---------------------------------------------------------------------------------------------- explanation

const tip = byId("tip");

function showTip(target, ...content) {
  tip.replaceChildren(...content);
  tip.hidden = false;
  const box = target.getClientRects()[0] ?? target.getBoundingClientRect();
  const left = Math.min(box.left, document.documentElement.clientWidth - tip.offsetWidth - 8);
  const above = box.top - tip.offsetHeight - 8;
  tip.style.left = `${Math.max(8, left) + scrollX}px`;
  tip.style.top = `${(above > 4 ? above : box.bottom + 8) + scrollY}px`;
}

const hideTip = () => { tip.hidden = true; };
addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
addEventListener("scroll", hideTip, { passive: true });

/** Show the tip of whatever the pointer or the focus is on within a group. */
function tips(group, selector, content) {
  const show = (event) => {
    const target = event.target.closest?.(selector);
    if (target) showTip(target, ...content(target));
  };
  for (const kind of ["pointerover", "focusin", "click"]) group.addEventListener(kind, show);
  for (const kind of ["pointerout", "focusout"]) group.addEventListener(kind, hideTip);
}

/** Return the probability that a sentence has by itself of the upper label of two, or of the predicted one. */
function aloneOfUpper(sentence, explanation, labels) {
  if (sentence.alone === null) return null;
  const isTwo = labels.length === 2;
  return isTwo && place(explanation.prediction.label, labels) < 0.5 ? 1 - sentence.alone : sentence.alone;
}

function sentenceWords(sentence, index, explanation, labels) {
  const { label } = explanation.prediction;
  const words = [`Sentence ${index + 1}: ${shorten(sentence.text.trim(), 60)}`];
  if (sentence.alone !== null) words.push(`by itself ${percent(sentence.alone)} ${label}`);
  if (sentence.contribution !== null) {
    words.push(`without it the review loses ${signed(sentence.contribution)} ${towards(sentence.contribution, label, labels)}`);
  }
  return words;
}

function stripBar(sentence, explanation, labels) {
  const upper = aloneOfUpper(sentence, explanation, labels);
  if (upper === null) return make("span", { className: "none" });
  if (labels.length !== 2) {
    return make("span", { className: "bar above", style: { ...colour(explanation.prediction.label, labels), bottom: "0", height: inCss(upper) } });
  }
  const [low, high] = [...labels].sort((a, b) => place(a, labels) - place(b, labels));
  const height = inCss(Math.abs(upper - 0.5));
  return make("span", {
    className: upper < 0.5 ? "bar below" : "bar above",
    style: upper < 0.5 ? { ...colour(low, labels), top: "50%", height } : { ...colour(high, labels), bottom: "50%", height },
  });
}

/** Return how the sentiment moves: a column for each sentence, by what the sentence says alone. */
function strip(explanation, labels, mark) {
  const { sentences } = explanation;
  const words = (index) => sentenceWords(sentences[index], index, explanation, labels);
  const list = make("ol", { className: labels.length === 2 ? "strip" : "strip up" }, ...sentences.map((sentence, index) =>
    make("li", { style: { "--length": Math.max(4, sentence.end - sentence.start) } },
      make("button", { type: "button", "aria-label": words(index).join("; "), "data-index": index },
        stripBar(sentence, explanation, labels)))));
  roving(list, "button");
  tips(list, "button", (target) => words(Number(target.dataset.index)).map((line) => make("div", {}, line)));
  for (const kind of ["pointerover", "focusin"]) {
    list.addEventListener(kind, (event) => mark(Number(event.target.closest("button")?.dataset.index ?? -1)));
  }
  for (const kind of ["pointerout", "focusout"]) list.addEventListener(kind, () => mark(-1));
  const [low, high] = [...labels].sort((a, b) => place(a, labels) - place(b, labels));
  const scale = labels.length === 2 ? `up: ${high}, down: ${low}` : `height: probability of ${explanation.prediction.label}`;
  return make("div", {},
    make("div", { className: "explanation-top" },
      make("h3", {}, "How the sentiment moves, sentence by sentence"),
      make("span", { className: "strip-scale" }, scale)),
    list);
}

function wordLabel(token, predicted, labels) {
  const value = token.contribution === null ? "no value: the budget had ended" : `${signed(token.contribution)} ${towards(token.contribution, predicted, labels)}`;
  return `${token.text}: ${value}${token.known ? "" : "; unknown to the model"}`;
}

function word(token, index, strongest, predicted, labels) {
  const strength = token.contribution === null ? 0 : Math.abs(token.contribution) / strongest;
  const style = token.contribution === null ? {} : contributionColour(spokenFor(token.contribution, predicted, labels), labels);
  return make("span", {
    className: token.known ? "word" : "word unknown",
    role: "option",
    "aria-selected": "false",
    "aria-label": wordLabel(token, predicted, labels),
    "data-index": index,
    style: { ...style, "--strength": strength.toFixed(3) },
  }, token.text);
}

/** Append text[start:end], with the parts that the model has not read marked as such. */
function appendPlain(parent, text, start, end, unread) {
  let at = start;
  for (const part of unread) {
    const from = Math.max(at, part.start);
    const to = Math.min(end, part.end);
    if (from >= to) continue;
    if (from > at) parent.append(text.slice(at, from));
    parent.append(make("span", { className: "unread" }, text.slice(from, to)));
    at = to;
  }
  if (at < end) parent.append(text.slice(at, end));
}

/** Return the review with each word in the colour of what it contributes. */
function reading(text, explanation, labels) {
  const { prediction: { label }, tokens, unread } = explanation;
  const strongest = Math.max(1, ...tokens.map((token) => Math.abs(token.contribution ?? 0)));
  const box = make("div", { className: "reading", role: "listbox", "aria-label": "The review, word by word" });
  let at = 0;
  tokens.forEach((token, index) => {
    if (token.start < at) return;
    appendPlain(box, text, at, token.start, unread);
    box.append(word(token, index, strongest, label, labels));
    at = token.end;
  });
  appendPlain(box, text, at, text.length, unread);
  roving(box, ".word", (item) => {
    for (const each of box.querySelectorAll('[aria-selected="true"]')) each.setAttribute("aria-selected", "false");
    item.setAttribute("aria-selected", "true");
  });
  tips(box, ".word", (target) => {
    const token = tokens[Number(target.dataset.index)];
    const value = token.contribution === null ? "no value" : signed(token.contribution);
    return [make("b", {}, value), token.contribution === null ? ": the budget had ended" : ` ${towards(token.contribution, label, labels)}`,
      ...(token.known ? [] : [make("div", {}, "unknown to the model")])];
  });
  return box;
}

function legend(explanation, labels) {
  const { prediction: { label }, tokens, unread } = explanation;
  const swatch = (name, style) => make("span", {}, make("span", { className: "swatch", style }), name);
  const other = spokenFor(-1, label, labels);
  return make("div", { className: "legend" },
    swatch(`towards ${label}`, colour(label, labels)),
    swatch(other === null ? `away from ${label}` : `towards ${other}`, contributionColour(other, labels)),
    tokens.some((token) => !token.known) ? make("span", {}, make("span", { className: "unknown" }, "unknown word")) : null,
    unread.length ? make("span", {}, make("span", { className: "unread" }, "not read")) : null);
}

function notes(explanation) {
  const found = [];
  if (explanation.mixed) found.push("Mixed: some sentences speak for the label, others against it.");
  if (!explanation.complete) found.push("The explanation ended at its budget: words without a value were not tried.");
  if (explanation.unread.length) found.push("The model reads only a part of so long a review; the rest is struck through.");
  return make("ul", { className: "notes", hidden: found.length === 0 }, ...found.map((note) => make("li", {}, note)));
}

function explanationView(text, explanation, labels) {
  const words = reading(text, explanation, labels);
  const mark = (index) => {
    const sentence = explanation.sentences[index];
    for (const each of words.querySelectorAll(".word")) {
      const token = explanation.tokens[Number(each.dataset.index)];
      each.classList.toggle("on", sentence !== undefined && token.start >= sentence.start && token.end <= sentence.end);
    }
  };
  return [
    explanation.sentences.length > 1 ? strip(explanation, labels, mark) : null,
    make("div", {}, make("div", { className: "explanation-top" },
      make("h3", {}, "What each word does"), legend(explanation, labels)), words),
    notes(explanation),
  ].filter(Boolean);
}

// ---------------------------------------------------------------------------------------------- pane

const held = { models: [], slots: null, candidate: null, live: null };
let explainIsMissing = false;
let panes = [];

/** One box with its text, and what the service says of it. */
class Pane {
  constructor(name, text) {
    this.name = name;
    this.answers = [];
    this.explanation = null;
    this.version = "live";
    this.run = new AbortController();
    this.box = make("textarea", { id: `text-${name}`, value: text, spellcheck: false, rows: 4 });
    this.title = make("label", { htmlFor: this.box.id }, "Your review");
    this.count = make("span", { className: "quiet" });
    this.verdicts = make("div", { className: "verdicts", "aria-live": "polite" });
    this.problem = make("p", { className: "problem", role: "alert", hidden: true });
    this.versions = make("div", { className: "tabs small", role: "group", "aria-label": "Explain the answer of", hidden: true });
    this.view = make("div", { className: "explanation", hidden: true });
    this.element = make("article", { className: "card pane" },
      make("div", { className: "pane-top" },
        make("div", {}, make("div", { className: "pane-name" }, this.title, this.count), this.box),
        make("div", {}, this.verdicts, this.problem)),
      this.view);
    this.box.addEventListener("input", () => this.changed());
    this.timer = 0;
  }

  get text() { return this.box.value; }
  get labels() { return this.answers.length ? labelsOf(this.answers[0].predictions[0].probabilities) : []; }

  show(text) {
    this.box.value = text;
    return this.score();
  }

  changed() {
    clearTimeout(this.timer);
    this.run.abort();  // what is under way is of an older text
    this.timer = setTimeout(() => this.score(), 250);
    this.verdicts.classList.add("stale");
    this.view.classList.add("stale");
    this.element.setAttribute("aria-busy", "true");
    markExample(this.text);
    writeSnippet();
  }

  /** Score the text, then explain it; what was under way for an older text is given up. */
  async score() {
    this.run.abort();
    const { signal } = this.run = new AbortController();
    this.explanation = null;
    this.element.setAttribute("aria-busy", "true");
    hideTip();
    if (!this.text.trim()) {
      this.clear("Type a review, or choose an example.");
      this.settled();
      return;
    }
    try {
      await this.predict(signal);
      await this.explain(signal);
    } catch (problem) {
      if (signal.aborted) return;
      if (!(problem instanceof Problem)) throw problem;
      wantsKey(problem);
      this.clear(problem.message);
      if (problem.passes) this.again(problem, signal);
    }
    if (!signal.aborted) this.settled();
  }

  settled() {
    this.element.setAttribute("aria-busy", "false");
    showChanges();
  }

  async predict(signal) {
    const start = performance.now();
    const names = held.candidate ? ["live", "candidate"] : ["live"];
    const answers = await Promise.all(names.map((name) => ask(predictPath(name), { body: { reviews: [this.text] }, signal })));
    const duration = performance.now() - start;
    this.answers = answers;
    this.problem.hidden = true;
    this.verdicts.classList.remove("stale");
    this.verdicts.replaceChildren(...answers.map((answer, index) =>
      verdict(answer, names.length > 1 ? `${names[index]}, version` : "version", duration)));
    performance.mark("scored");  // for `bench`, and for browsers' own tools
    showChanges();
  }

  async explain(signal) {
    if (explainIsMissing) return this.unexplained("This service gives no explanations.");
    const path = `explain${versionQuery(this.version)}`;
    const body = { reviews: [this.text], unit: "both", offsets: "utf16" };
    try {
      const answer = await ask(path, { body, signal });
      this.explanation = { ...answer.explanations[0], version: answer.model.version };
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      explainIsMissing = [404, 405].includes(problem.status) && this.version === "live" && !held.candidate;
      if (explainIsMissing) return this.unexplained("This service gives no explanations.");
      return this.unexplained(`No explanation now. ${problem.message}`);
    }
    this.view.classList.remove("stale");
    this.view.hidden = false;
    this.view.replaceChildren(this.versions, ...explanationView(this.text, this.explanation, this.labels));
    this.showVersions();
    return undefined;
  }

  unexplained(words) {
    this.view.classList.remove("stale");
    this.view.hidden = false;
    this.view.replaceChildren(make("p", { className: "quiet" }, words));
  }

  clear(words) {
    this.answers = [];
    this.verdicts.replaceChildren();
    this.verdicts.classList.remove("stale");
    this.view.hidden = true;
    this.problem.textContent = words;
    this.problem.hidden = false;
    this.problem.className = this.text.trim() ? "problem" : "quiet";
  }

  /** Ask once more when the service said that it would be able to answer. */
  async again(problem, signal) {
    await sleep(1000 * (problem.retryAfter || 3));
    if (!signal.aborted) await this.score();
  }

  /** Offer to explain the candidate's answer in place of the live one's. */
  showVersions() {
    this.versions.hidden = !held.candidate;
    this.versions.replaceChildren(...["live", "candidate"].map((name) => make("button", {
      type: "button",
      "aria-pressed": String(this.version === name),
      "aria-selected": String(this.version === name),
      onclick: () => { this.version = name; this.score(); },
    }, name === "live" ? `Explain live ${held.live}` : `Explain candidate ${held.candidate}`)));
    for (const each of this.versions.children) each.removeAttribute("aria-selected");
  }
}

/** Return the query that names a version; without a candidate the live one answers everybody. */
function versionQuery(name) {
  if (!held.candidate) return "";
  return name === "candidate" ? "?version=candidate" : `?version=${held.live}`;
}

const predictPath = (name) => `predict${versionQuery(name)}`;

const EXAMPLES = [
  ["A mixed review", "The first half is wonderful: funny, warm, and beautifully filmed. Then the story falls apart, and the last hour drags so badly that I kept looking at my watch. The cast deserves better. Still, I left with a smile, mostly because of her performance."],
  ["Praise", "I did not expect to love this kettle, but it boils in half the time of my old one and looks great on the counter. Worth every penny."],
  ["Blame", "We waited fifty minutes for a table we had booked, the soup was cold, and nobody apologised. Never again."],
  ["Not so simple", "It is not bad at all. I would not call it a masterpiece, but I would not want to have missed it either."],
  ["Unusual words", "Absolutely flummoxwicked! The zorblatt broke on day one, and the seller ghosted me 😡"],
];

function showExamples() {
  byId("examples").replaceChildren(...EXAMPLES.map(([name, text]) => make("button", {
    type: "button",
    "aria-pressed": "false",
    onclick: () => { panes[panes.length - 1].show(text); markExample(text); writeSnippet(); },
  }, name)));
}

function markExample(text) {
  [...byId("examples").children].forEach((button, index) => {
    button.setAttribute("aria-pressed", String(EXAMPLES[index][1] === text));
  });
}

byId("compare").addEventListener("click", () => {
  if (panes.length > 1) {
    panes.pop().run.abort();
  } else {
    const pane = new Pane("edited", panes[0].text);
    panes.push(pane);
    pane.score();
  }
  layPanes();
  panes[panes.length - 1].box.focus();
});

function layPanes() {
  const isTwo = panes.length > 1;
  byId("panes").classList.toggle("two", isTwo);
  byId("panes").replaceChildren(...panes.map((pane) => pane.element));
  panes[0].title.textContent = isTwo ? "Before" : "Your review";
  if (isTwo) panes[1].title.textContent = "After: edit this one";
  byId("compare").textContent = isTwo ? "Stop comparing" : "Edit and compare";
  showChanges();
}

// ---------------------------------------------------------------------------------------------- changes

/** Return the pairs [index in `before` or null, index in `after` or null] of a longest common subsequence. */
function align(before, after) {
  const width = after.length + 1;
  const lengths = new Uint16Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] = before[i] === after[j]
        ? lengths[(i + 1) * width + j + 1] + 1
        : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  const pairs = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) pairs.push([i++, j++]);
    else if (j >= after.length || (i < before.length && lengths[(i + 1) * width + j] >= lengths[i * width + j + 1])) pairs.push([i++, null]);
    else pairs.push([null, j++]);
  }
  return pairs;
}

/** Return what each word adds to one label, whatever label each text has got. */
function contributions(pane, label) {
  const { tokens, prediction } = pane.explanation;
  const sign = prediction.label === label ? 1 : -1;
  return tokens.map((token) => ({ text: token.text, value: token.contribution === null ? null : sign * token.contribution }));
}

const MAX_ALIGNED = 1500;

/** Return the words that were added, taken out, or have another weight now, the strongest first. */
function wordChanges(before, after, label) {
  const [old, fresh] = [contributions(before, label), contributions(after, label)];
  if (Math.max(old.length, fresh.length) > MAX_ALIGNED) return [];
  const lower = (words) => words.map((each) => each.text.toLowerCase());
  return align(lower(old), lower(fresh)).map(([i, j]) => {
    const [was, is] = [i === null ? null : old[i], j === null ? null : fresh[j]];
    return {
      kind: was === null ? "added" : is === null ? "taken out" : "weighs differently",
      text: (is ?? was).text,
      was: was?.value ?? null,
      is: is?.value ?? null,
      size: Math.abs((is?.value ?? 0) - (was?.value ?? 0)),
    };
  }).filter((change) => change.size >= 0.05).sort((a, b) => b.size - a.size);
}

function changeTable(changes, label) {
  const cell = (value) => make("td", { className: "number" }, value === null ? "–" : signed(value));
  return scrolling(`Words that changed the score, towards ${label}`, make("table", {},
    make("caption", { className: "hidden" }, `Words that changed the score, towards ${label}`),
    make("thead", {}, make("tr", {}, ...["Word", "What changed"].map((name) => make("th", { scope: "col" }, name)),
      ...["Before", "After"].map((name) => make("th", { scope: "col", className: "number" }, name)))),
    make("tbody", {}, ...changes.slice(0, 8).map((change) => make("tr", {},
      make("td", {}, change.text), make("td", { className: "toward" }, change.kind), cell(change.was), cell(change.is))))));
}

/** Say what the edit has done to the score, and which words did it. */
function showChanges() {
  const section = byId("changes");
  const [before, after] = panes;
  section.hidden = !after || !before.answers.length || !after.answers.length;
  if (section.hidden) return;
  const [first, second] = [before, after].map((pane) => pane.answers[0].predictions[0]);
  const isTwo = after.labels.length === 2;
  const [label, ...others] = isTwo ? [topLabel(after.labels)] : new Set([first.label, second.label]);
  const label_words = first.label === second.label ? `The label stays ${first.label}.` : `The label turns from ${first.label} to ${second.label}.`;
  const deltas = [label, ...others].map((each) => ({ each, was: first.probabilities[each], is: second.probabilities[each] }));
  const points = deltas.map(({ each, was, is }) => `${signed(100 * (is - was), 1)} points${isTwo ? "" : ` of ${each}`}`).join(", ");
  section.replaceChildren(
    make("h2", {}, "What the edit changed"),
    ...deltas.map(({ each, was, is }) => make("p", { className: "delta" }, `${each} ${percent(was)} → ${percent(is)}`)),
    make("p", {}, `${points}. ${label_words}`));
  if (!before.explanation || !after.explanation) return;
  if (others.length) {
    section.append(make("p", { className: "quiet" }, `The words before are explained by what they add to ${first.label}, those after by what they add to ${second.label}, so they cannot be compared.`));
    return;
  }
  const changes = wordChanges(before, after, label);
  if (changes.length) section.append(make("p", { className: "quiet" }, `Why: what words add to the log-odds of ${label}.`), changeTable(changes, label));
  else if (before.text !== after.text) section.append(make("p", { className: "quiet" }, "No single word explains the difference."));
}

// ---------------------------------------------------------------------------------------------- snippets

const keyIsNeeded = () => Boolean(service.key);
const inShell = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const LONG_LINE = 100;

const snippets = {
  curl(url, text) {
    const lines = [`curl -s ${inShell(url)}`, "  -H 'Content-Type: application/json'"];
    if (keyIsNeeded()) lines.push("  -H \"Authorization: Bearer $SENTIMENT_KEY\"");
    lines.push(`  -d ${inShell(JSON.stringify({ reviews: [text] }))}`);
    return lines.join(" \\\n");
  },
  python(url, text) {
    const headers = ['"Content-Type": "application/json"'];
    if (keyIsNeeded()) headers.push('"Authorization": f"Bearer {os.environ[\'SENTIMENT_KEY\']}"');
    return [
      "import json",
      ...(keyIsNeeded() ? ["import os"] : []),
      "from urllib.request import Request, urlopen",
      "",
      `reviews = [${JSON.stringify(text)}]`,
      "request = Request(",
      `    ${JSON.stringify(url)},`,
      '    data=json.dumps({"reviews": reviews}).encode(),',
      `    headers={${headers.join(", ")}},`,
      ")",
      "with urlopen(request) as response:",
      '    for prediction in json.load(response)["predictions"]:',
      '        print(prediction["label"], prediction["confidence"])',
    ].join("\n");
  },
  javascript(url, text) {
    const headers = ['"Content-Type": "application/json"'];
    if (keyIsNeeded()) headers.push("Authorization: `Bearer ${process.env.SENTIMENT_KEY}`");
    return [
      `const reviews = [${JSON.stringify(text)}];`,
      `const response = await fetch(${JSON.stringify(url)}, {`,
      '  method: "POST",',
      `  headers: { ${headers.join(", ")} },`,
      "  body: JSON.stringify({ reviews }),",
      "});",
      "const { predictions } = await response.json();",
      "console.log(predictions);",
    ].join("\n");
  },
};

let language = "curl";

function writeSnippet() {
  byId("snippet-code").textContent = snippets[language](service.address("predict").href, panes[panes.length - 1].text);
}

/** Copy a text; without a secure connection browsers have no clipboard, and an old command does it. */
async function copy(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const box = make("textarea", { value: text, className: "hidden", "aria-hidden": "true" });
  document.body.append(box);
  box.select();
  document.execCommand("copy");
  box.remove();
}

byId("copy").addEventListener("click", async (event) => {
  const button = event.currentTarget;
  const isCopied = await copy(byId("snippet-code").textContent).then(() => true, () => false);
  button.textContent = isCopied ? "Copied" : "Select it, and copy";
  await sleep(1500);
  button.textContent = "Copy";
});

// ---------------------------------------------------------------------------------------------- files

const TEXT_NAMES = ["review", "reviews", "text", "body", "review_text", "reviewtext", "content", "comment", "message", "sentence"];

/** Yield the rows of delimited text; quotes may hold delimiters, line ends and doubled quotes. */
function* delimitedRows(text, delimiter) {
  let at = 0;
  let row = [];
  while (at < text.length) {
    let cell = "";
    if (text[at] === '"') {
      let end = at + 1;
      for (;;) {
        const quote = text.indexOf('"', end);
        if (quote < 0) { cell += text.slice(end); end = text.length; break; }
        cell += text.slice(end, quote);
        end = quote + 1;
        if (text[end] !== '"') break;
        cell += '"';
        end += 1;
      }
      at = end;
    }
    let end = at;
    while (end < text.length && text[end] !== delimiter && text[end] !== "\n" && text[end] !== "\r") end += 1;
    row.push(cell + text.slice(at, end));
    at = end;
    if (text[at] === delimiter) {
      at += 1;
      if (at < text.length) continue;
      row.push("");
    }
    if (text[at] === "\r") at += 1;
    if (text[at] === "\n") at += 1;
    if (row.length > 1 || row[0]) yield row;
    row = [];
  }
}

/** Yield the lines of a text without taking it apart at once. */
function* lines(text) {
  let at = 0;
  while (at < text.length) {
    let end = text.indexOf("\n", at);
    if (end < 0) end = text.length;
    const line = text.slice(at, text[end - 1] === "\r" ? end - 1 : end);
    if (line.trim()) yield line;
    at = end + 1;
  }
}

async function collect(iterable, take) {
  const breather = new Breather();
  const found = [];
  for (const each of iterable) {
    found.push(take(each, found.length));
    await breather.rest();
  }
  return found;
}

const asText = (value) => (typeof value === "string" ? value : value === null || value === undefined ? "" : JSON.stringify(value));

/** Read JSON objects, one a line or in one list; a line that is plain text in quotes is a review itself. */
async function readJson(text) {
  const values = text.trimStart().startsWith("[")
    ? JSON.parse(text)
    : await collect(lines(text), (line, index) => {
      try {
        return JSON.parse(line);
      } catch {
        throw new Error(`Line ${index + 1} is not JSON.`);
      }
    });
  const names = [];
  for (const value of values.slice(0, 100)) {
    if (value !== null && typeof value === "object") for (const name of Object.keys(value)) if (!names.includes(name)) names.push(name);
  }
  if (!names.length) return { names: ["text"], rows: values.map((value) => [asText(value)]) };
  return { names, rows: await collect(values, (value) => names.map((name) => asText(value?.[name]))) };
}

function delimiterOf(text) {
  const first = text.slice(0, (text.indexOf("\n") + 1 || text.length + 1) - 1);
  const count = (mark) => first.split(mark).length;
  return [",", "\t", ";"].reduce((best, mark) => (count(mark) > count(best) ? mark : best));
}

/** Read delimited text; its first row has names, unless none of them is known and one of them is long. */
async function readDelimited(text) {
  const rows = await collect(delimitedRows(text, delimiterOf(text)), (row) => row);
  const [head = []] = rows;
  const isHead = head.some((cell) => TEXT_NAMES.includes(cell.trim().toLowerCase())) || (head.length > 1 && head.every((cell) => cell.length < 30));
  return isHead ? { names: head, rows: rows.slice(1) } : { names: head.map((_, index) => `column ${index + 1}`), rows };
}

/** Return the names of the columns and the rows of a file. Throws an Error in words. */
async function readTable(name, text) {
  const content = text.replace(/^\ufeff/, "");
  const ending = name.toLowerCase().split(".").pop();
  const table = ["jsonl", "ndjson", "json"].includes(ending) ? await readJson(content)
    : ["csv", "tsv"].includes(ending) ? await readDelimited(content)
      : { names: ["text"], rows: await collect(lines(content), (line) => [line]) };
  if (!table.rows.length) throw new Error("The file holds no reviews.");
  return table;
}

/** Return the index of the column that seems to hold the text: by its name, else the longest. */
function textColumn({ names, rows }) {
  const byName = names.findIndex((name) => TEXT_NAMES.includes(name.trim().toLowerCase()));
  if (byName >= 0) return byName;
  const length = (column) => rows.slice(0, 200).reduce((sum, row) => sum + (row[column]?.length ?? 0), 0);
  return names.reduce((best, _, column) => (length(column) > length(best) ? column : best), 0);
}

// ---------------------------------------------------------------------------------------------- many

const BATCH_REVIEWS = 64;
const CONNECTIONS = 2;
const PAGE_ROWS = 50;
const MAX_FAILURES = 6;
const encoder = new TextEncoder();

const many = { table: null, texts: [], results: [], order: null, sort: { by: "row", isUp: true }, filter: "", page: 0, turn: 0, run: null };

/** Return why a text cannot be sent, or "". */
function fault(text) {
  if (!text.trim()) return "empty";
  return text.length > service.limits.max_review_characters && [...text].length > service.limits.max_review_characters ? "too long" : "";
}

/** Scores a list of texts: some at a time, waiting when the service says so. */
class Run {
  constructor(texts, progress) {
    this.texts = texts;
    this.results = new Array(texts.length).fill(null);
    this.progress = progress;
    this.stop = new AbortController();
    this.batches = [];
    this.at = 0;
    this.resumeAt = 0;
    this.failures = 0;
    this.done = 0;
  }

  /** Return when all is scored, or the run was stopped; throws a Problem that waiting does not mend. */
  async all() {
    await Promise.all(Array.from({ length: CONNECTIONS }, () => this.work()));
  }

  async work() {
    for (let batch = await this.next(); batch.length && !this.stop.signal.aborted; batch = await this.next()) {
      await this.pause();
      if (this.stop.signal.aborted) return;
      try {
        await this.score(batch);
        this.failures = 0;
      } catch (problem) {
        if (this.stop.signal.aborted) return;
        this.failed(batch, problem);
      }
    }
  }

  /** Return the indices of the next texts to send together, within the limits of the service. */
  async next() {
    if (this.batches.length) return this.batches.pop();
    const breather = new Breather();
    const batch = [];
    let bytes = 100;
    while (this.at < this.texts.length && batch.length < Math.min(BATCH_REVIEWS, service.limits.max_reviews)) {
      const wrong = fault(this.texts[this.at]);
      const size = wrong ? 0 : encoder.encode(JSON.stringify(this.texts[this.at])).length + 1;
      if (batch.length && bytes + size > service.limits.max_body_bytes) break;
      bytes += size;
      if (wrong) this.answer(this.at, { error: wrong });
      else batch.push(this.at);
      this.at += 1;
      await breather.rest();
    }
    return batch;
  }

  answer(index, result) {
    this.results[index] = result;
    this.done += 1;
  }

  async score(batch) {
    const answer = await ask("predict", { body: { reviews: batch.map((index) => this.texts[index]) }, signal: this.stop.signal });
    batch.forEach((index, at) => this.answer(index, answer.predictions[at]));
    this.progress(this.done, "");
  }

  /** Put off, take apart or give up a batch that was not answered. */
  failed(batch, problem) {
    if (problem.passes && this.failures < MAX_FAILURES) {
      this.failures += problem.status === 429 ? 0 : 1;
      this.resumeAt = performance.now() + 1000 * (problem.retryAfter || 2 ** this.failures);
      this.batches.push(batch);
    } else if ([413, 422, 500, 504].includes(problem.status) && batch.length > 1) {
      const half = batch.length >> 1;
      this.batches.push(batch.slice(half), batch.slice(0, half));
    } else if ([413, 422, 500, 504].includes(problem.status)) {
      this.answer(batch[0], { error: { 413: "too large", 422: "not valid", 500: "the model failed", 504: "too late" }[problem.status] });
      this.progress(this.done, "");
    } else {
      this.stop.abort();
      this.problem = problem;
    }
  }

  /** Wait until the service may be asked again, saying for how long. */
  async pause() {
    for (let left = this.left(); left > 0 && !this.stop.signal.aborted; left = this.left()) {
      this.progress(this.done, `The service is busy: going on in ${plural(Math.ceil(left / 1000), "second")}.`);
      await sleep(Math.min(250, left));
    }
  }

  left() { return this.resumeAt - performance.now(); }
}

async function takeFile(file) {
  if (!file) return;
  try {
    many.table = await readTable(file.name, await file.text());
  } catch (error) {
    byId("file-options").hidden = false;
    byId("file-name").textContent = `${file.name}: ${error.message}`;
    byId("score-file").disabled = true;
    byId("column").replaceChildren();
    return;
  }
  byId("file-options").hidden = false;
  byId("score-file").disabled = false;
  byId("file-name").textContent = `${file.name}: ${plural(many.table.rows.length, "row")}`;
  const chosen = textColumn(many.table);
  byId("column").replaceChildren(...many.table.names.map((name, index) => make("option", { value: index, selected: index === chosen }, name)));
  byId("score-file").focus();
}

/** Score one column of the table, and show the results as they come. */
async function scoreTable(column) {
  many.run?.stop.abort();
  many.column = column;
  many.texts = many.table.rows.map((row) => row[column] ?? "");
  const run = many.run = new Run(many.texts, (done, words) => showProgress(run, done, words));
  many.results = run.results;
  many.order = null;
  many.page = 0;
  byId("run").hidden = false;
  byId("run-problem").hidden = true;
  byId("stop").hidden = false;
  showProgress(run, 0, "");
  run.began = performance.now();
  await run.all();
  if (many.run !== run) return;
  byId("stop").hidden = true;
  showProgress(run, run.done, "", true);
  if (run.problem) {
    wantsKey(run.problem);
    byId("run-problem").textContent = `${run.problem.message} What was scored by then is below.`;
    byId("run-problem").hidden = false;
  }
}

let drawing = 0;

function showProgress(run, done, words, isEnd = false) {
  if (many.run !== run) return;
  byId("run-bar").value = done / Math.max(1, run.texts.length);
  const seconds = (performance.now() - (run.began ?? performance.now())) / 1000;
  const rate = done > 200 && seconds > 1 ? `, ${number.format(Math.round(done / seconds))} a second` : "";
  byId("run-text").textContent = words || (isEnd
    ? `${plural(done, "review")} of ${number.format(run.texts.length)} scored in ${seconds.toFixed(1)} s${rate}`
    : `${number.format(done)} of ${plural(run.texts.length, "review")} scored${rate}`);
  if (isEnd) showResults();
  else if (!drawing) drawing = setTimeout(() => { drawing = 0; showResults(); }, 400);
}

const manyLabels = () => {
  const scored = many.results.find((result) => result?.probabilities);
  return scored ? labelsOf(scored.probabilities) : [];
};

/** Return the label whose probability the histogram shows: the highest of the scale. */
const topLabel = (labels) => [...labels].sort((a, b) => place(b, labels) - place(a, labels))[0];

function showResults() {
  const labels = manyLabels();
  byId("results").hidden = !many.results.some(Boolean);
  if (byId("results").hidden) return;
  showShares(labels);
  showHistogram(labels);
  showFilter(labels);
  arrange();
}

function showShares(labels) {
  const counts = Object.fromEntries(labels.map((label) => [label, 0]));
  let failed = 0;
  let scored = 0;
  for (const result of many.results) {
    if (result?.label) { counts[result.label] += 1; scored += 1; } else if (result) failed += 1;
  }
  const shares = Object.fromEntries(labels.map((label) => [label, scored ? counts[label] / scored : 0]));
  byId("shares").replaceChildren(make("h3", {}, "Labels"), bars(shares),
    make("p", { className: "facts" }, labels.map((label) => `${number.format(counts[label])} ${label}`).join(" · ") + (failed ? ` · ${number.format(failed)} not scored` : "")));
}

function showHistogram(labels) {
  if (!labels.length) return;
  const top = topLabel(labels);
  const counts = new Array(20).fill(0);
  for (const result of many.results) if (result?.probabilities) counts[Math.min(19, Math.floor(20 * result.probabilities[top]))] += 1;
  const most = Math.max(1, ...counts);
  // Of two labels, a low probability of the one speaks for the other.
  const tone = (bin) => (labels.length === 2 ? { "--label": `color-mix(in srgb, var(${bin < 10 ? "--low" : "--high"}) ${Math.round(10 * Math.abs(bin - 9.5))}%, var(--mid))` } : colour(top, labels));
  const words = counts.map((count, bin) => (count ? `${5 * bin} to ${5 * bin + 5} %: ${count}` : "")).filter(Boolean).join("; ");
  byId("histogram").replaceChildren(
    make("h3", {}, `Probability of ${top}`),
    make("div", { className: "columns", role: "img", "aria-label": `Histogram of the probability of ${top}. ${words}` },
      ...counts.map((count, bin) => make("span", {
        title: `${5 * bin} to ${5 * bin + 5} %: ${number.format(count)}`,
        style: { height: inCss(count / most), ...tone(bin) },
      }))),
    make("div", { className: "axis" }, ...["0 %", "50 %", "100 %"].map((text) => make("span", {}, text))));
}

function showFilter(labels) {
  const values = ["", ...labels, "not scored"];
  if (byId("filter").children.length === values.length) return;
  byId("filter").replaceChildren(...values.map((value) => make("option", { value }, value || "all rows")));
}

/** Show the rows in the order that was chosen; a later choice overtakes an earlier one. */
async function arrange() {
  const turn = many.turn += 1;
  const { by, isUp } = many.sort;
  const top = topLabel(manyLabels());
  const shown = [];
  many.results.forEach((result, index) => {  // `results` has a place for each row, scored or not
    if (!many.filter || (many.filter === "not scored" ? result?.error : result?.label === many.filter)) shown.push(index);
  });
  const key = {
    row: (index) => index,
    text: (index) => many.texts[index],
    label: (index) => many.results[index]?.label ?? "~",
    confidence: (index) => many.results[index]?.confidence ?? -1,
    top: (index) => many.results[index]?.probabilities?.[top] ?? -1,
  }[by];
  const way = isUp ? 1 : -1;
  const compare = (a, b) => {
    const [x, y] = [key(a), key(b)];
    return x < y ? -way : x > y ? way : a - b;
  };
  const order = by === "row" && isUp ? shown : await sorted(shown, compare);
  if (turn !== many.turn) return;
  many.order = order;
  showRows();
}

function showRows() {
  const labels = manyLabels();
  const top = topLabel(labels);
  const pages = Math.max(1, Math.ceil(many.order.length / PAGE_ROWS));
  many.page = Math.min(many.page, pages - 1);
  const columns = [["row", "Row", "number"], ["text", "Review", ""], ["label", "Label", ""], ["confidence", "Confidence", "number"],
    ...(top ? [["top", `P(${top})`, "number"]] : [])];
  if (byId("table").tHead.querySelectorAll("th").length !== columns.length) layHead(columns);
  for (const head of byId("table").tHead.querySelectorAll("th")) {
    const isSorted = head.dataset.by === many.sort.by;
    head.setAttribute("aria-sort", isSorted ? (many.sort.isUp ? "ascending" : "descending") : "none");
  }
  const rows = many.order.slice(many.page * PAGE_ROWS, (many.page + 1) * PAGE_ROWS);
  byId("table").tBodies[0].replaceChildren(...rows.map((index) => tableRow(index, labels, top)));
  byId("page-text").textContent = `Page ${many.page + 1} of ${number.format(pages)}, ${plural(many.order.length, "row")}`;
  byId("page-back").disabled = many.page === 0;
  byId("page-next").disabled = many.page >= pages - 1;
}

function layHead(columns) {
  byId("table").tHead.replaceChildren(make("tr", {}, ...columns.map(([by, name, className]) =>
    make("th", { scope: "col", className, "data-by": by, "aria-sort": "none" }, make("button", {
      type: "button",
      onclick: () => {
        many.sort = { by, isUp: many.sort.by === by ? !many.sort.isUp : by === "row" || by === "text" || by === "label" };
        many.page = 0;
        arrange();
      },
    }, name)))));
}

function tableRow(index, labels, top) {
  const result = many.results[index];
  const text = many.texts[index];
  const cell = (className, ...children) => make("td", { className }, ...children);
  return make("tr", {},
    cell("number quiet", number.format(index + 1)),
    cell("text", make("button", { type: "button", title: "Open it in Try", onclick: () => openInTry(text) }, shorten(text, 220) || "(empty)")),
    cell("", result?.label ? make("span", { className: "tag", style: colour(result.label, labels) }, result.label) : make("span", { className: "quiet" }, result?.error ?? "…")),
    cell("number", result?.label ? percent(result.confidence) : ""),
    top ? cell("number", result?.label ? percent(result.probabilities[top]) : "") : null);
}

function openInTry(text) {
  choose(byId("tab-try"));
  panes[0].show(text);
  markExample(text);
  writeSnippet();
  panes[0].box.focus();
}

const csvCell = (text) => (/[",\n\r]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

function* csvLines() {
  const labels = manyLabels();
  yield [...many.table.names, "label", "confidence", ...labels.map((label) => `probability_${label}`), "error"].map(csvCell).join(",");
  for (const [index, row] of many.table.rows.entries()) {
    const result = many.results[index] ?? { error: "not scored" };
    const scored = result.label ? [result.label, result.confidence, ...labels.map((label) => result.probabilities[label]), ""]
      : ["", "", ...labels.map(() => ""), result.error];
    yield [...many.table.names.map((_, column) => row[column] ?? ""), ...scored].map((value) => csvCell(String(value))).join(",");
  }
}

function* jsonLines() {
  for (const [index, row] of many.table.rows.entries()) {
    const fields = Object.fromEntries(many.table.names.map((name, column) => [name, row[column] ?? ""]));
    const result = many.results[index] ?? { error: "not scored" };
    yield JSON.stringify(result.label ? { ...fields, label: result.label, confidence: result.confidence, probabilities: result.probabilities } : { ...fields, error: result.error });
  }
}

async function save(name, type, contents) {
  const parts = await collect(contents, (line) => `${line}\n`);
  const url = URL.createObjectURL(new Blob(parts, { type }));
  make("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}

byId("score-list").addEventListener("click", async () => {
  const text = byId("list").value;
  if (!text.trim()) { byId("list").focus(); return; }
  many.table = await readTable("list.txt", text);
  byId("file-options").hidden = true;
  await scoreTable(0);
});
byId("sample").addEventListener("click", () => {
  byId("list").value = EXAMPLES.flatMap(([, text]) => text.split(/(?<=[.!?])\s+/)).join("\n");
  byId("score-list").focus();
});
byId("file").addEventListener("change", (event) => takeFile(event.target.files[0]));
byId("score-file").addEventListener("click", () => scoreTable(Number(byId("column").value)));
byId("stop").addEventListener("click", () => many.run?.stop.abort());
byId("filter").addEventListener("change", (event) => { many.filter = event.target.value; many.page = 0; arrange(); });
byId("page-back").addEventListener("click", () => { many.page -= 1; showRows(); });
byId("page-next").addEventListener("click", () => { many.page += 1; showRows(); });
byId("save-csv").addEventListener("click", () => save("scored.csv", "text/csv", csvLines()));
byId("save-jsonl").addEventListener("click", () => save("scored.jsonl", "application/jsonl", jsonLines()));
addEventListener("dragover", (event) => {
  if (!event.dataTransfer?.types.includes("Files")) return;
  event.preventDefault();
  document.body.classList.add("dragging");
});
addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("dragging"); });
addEventListener("drop", (event) => {
  document.body.classList.remove("dragging");
  if (!event.dataTransfer?.files.length) return;
  event.preventDefault();
  choose(byId("tab-many"));
  takeFile(event.dataTransfer.files[0]);
});

// ---------------------------------------------------------------------------------------------- models

/** Append Markdown's emphasis, code and links as elements; whatever else stands there stays text. */
function appendInline(parent, text) {
  let at = 0;
  for (const found of text.matchAll(/`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\((https?:\/\/[^)\s]+)\)/g)) {
    parent.append(text.slice(at, found.index));
    if (found[1]) parent.append(make("code", {}, found[1]));
    else if (found[2]) parent.append(make("strong", {}, found[2]));
    else parent.append(make("a", { href: found[4], rel: "noreferrer", target: "_blank" }, found[3]));
    at = found.index + found[0].length;
  }
  parent.append(text.slice(at));
  return parent;
}

function markdownTable(rows) {
  const cells = rows.map((row) => row.replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim()));
  const [head, , ...body] = cells;
  return scrolling(`Table: ${head.join(", ")}`, make("table", {},
    make("thead", {}, make("tr", {}, ...head.map((cell) => appendInline(make("th", { scope: "col" }), cell)))),
    make("tbody", {}, ...body.map((row) => make("tr", {}, ...row.map((cell) => appendInline(make("td"), cell)))))));
}

/** Return the elements of a Markdown text: headings, lists, tables, code and paragraphs. */
function markdown(text) {
  const blocks = text.split(/\n{2,}/).flatMap((block) => {
    const [first, ...rest] = block.trim().split("\n");
    return /^#/.test(first) && rest.length ? [first, rest.join("\n")] : [block.trim()];
  }).filter(Boolean);
  return blocks.map((block) => {
    const rows = block.split("\n");
    const heading = /^(#+) (.*)/.exec(block);
    if (heading) return appendInline(make(heading[1].length > 2 ? "h4" : "h3"), heading[2]);
    if (rows.length > 1 && rows.every((row) => row.startsWith("|"))) return markdownTable(rows);
    if (rows.every((row) => /^([*-] |\s+\S)/.test(row)) && /^[*-] /.test(block)) {
      return make("ul", {}, ...block.split(/\n(?=[*-] )/).map((item) => appendInline(make("li"), item.slice(2).replace(/\s*\n\s*/g, " "))));
    }
    if (block.startsWith("```")) return make("pre", {}, rows.slice(1, -1).join("\n"));
    return appendInline(make("p"), block.replaceAll("\n", " "));
  });
}

const FIGURES = [["accuracy", "Accuracy", (x) => percent(x)], ["f1", "F1", (x) => x.toFixed(3)], ["auc", "AUC", (x) => x.toFixed(3)],
  ["ece", "Calibration error", (x) => percent(x, 2)], ["within_one", "Within one", (x) => percent(x)], ["mae", "Mean error", (x) => x.toFixed(3)]];

function figuresTable(model) {
  const sets = Object.entries(model.evaluation);
  const shown = FIGURES.filter(([name]) => sets.some(([, figures]) => figures[name] !== null && figures[name] !== undefined));
  const row = ([name, figures]) => make("tr", {}, make("td", {}, name), make("td", { className: "number" }, number.format(figures.num_reviews)),
    ...shown.map(([key, , format]) => make("td", { className: "number" }, figures[key] === null || figures[key] === undefined ? "" : format(figures[key]))));
  const table = (entries) => scrolling(`Figures of version ${model.version}, ${plural(entries.length, "row")}`, make("table", {},
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, "On"), make("th", { scope: "col", className: "number" }, "Reviews"),
      ...shown.map(([, title]) => make("th", { scope: "col", className: "number" }, title)))),
    make("tbody", {}, ...entries.map(row))));
  const main = sets.filter(([name]) => ["test", "validation"].includes(name) || sets.length <= 4);
  const rest = sets.filter((entry) => !main.includes(entry));
  return [table(main.length ? main : sets.slice(0, 4)), main.length && rest.length
    ? make("details", {}, make("summary", {}, `By domain: ${plural(rest.length, "row")}`), table(rest)) : null];
}

/** Draw a picture of the report. It is fetched, since an image element cannot send a key. */
async function drawPicture(figure, model, name) {
  const canvas = make("canvas", { role: "img", "aria-label": `${name.replace(/\.\w+$/, "").replaceAll("_", " ")} of version ${model.version}` });
  figure.prepend(canvas);
  try {
    const bitmap = await createImageBitmap(await (await send(`models/${model.version}/report/${encodeURIComponent(name)}`)).blob());
    [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
  } catch (problem) {
    canvas.remove();
    figure.prepend(make("p", { className: "problem" }, problem instanceof Problem ? problem.message : "The picture cannot be drawn."));
  }
}

function pictures(model) {
  const names = model.report.filter((name) => name.endsWith(".png"));
  if (!names.length) return null;
  const box = make("div", { className: "pictures" });
  return make("details", {
    ontoggle: (event) => {
      if (!event.target.open || box.children.length) return;
      for (const name of names) {
        const figure = make("figure", {}, make("figcaption", {}, name.replace(/\.png$/, "").replaceAll("_", " ")));
        box.append(figure);
        drawPicture(figure, model, name);
      }
    },
  }, make("summary", {}, `Report: ${plural(names.length, "picture")}`), box);
}

function card(model) {
  const box = make("div", { className: "prose" });
  return make("details", {
    ontoggle: async (event) => {
      if (!event.target.open || box.children.length) return;
      try {
        box.replaceChildren(...markdown((await ask(`models/${model.version}`)).card));
      } catch (problem) {
        box.replaceChildren(make("p", { className: "problem" }, problem.message));
      }
    },
  }, make("summary", {}, "Model card"), box);
}

function modelCard(model) {
  const { slots } = held;
  const isCandidate = slots?.candidate?.version === model.version;
  const share = slots?.candidate ? slots.candidate.canary : 0;
  const words = isCandidate
    ? `answers ${percent(share, 0)} of the requests, and is compared on ${percent(slots.candidate.shadow, 0)}`
    : `answers ${percent(1 - share, 0)} of the requests`;
  return make("article", { className: "card model" },
    make("div", { className: "model-top" },
      make("h2", {}, `${model.name} ${model.version}`),
      make("span", { className: `badge ${isCandidate ? "candidate" : "live"}` }, isCandidate ? "candidate" : "live"),
      make("span", { className: "quiet" }, words)),
    make("p", { className: "quiet" }, `Labels: ${model.labels.join(", ")} · published ${day(model.created_at)} · reads ${number.format(model.max_tokens)} tokens · runs on ${model.device}`),
    ...figuresTable(model), pictures(model), card(model));
}

const day = (moment) => new Date(moment).toLocaleDateString("en", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });

function refusal(what, refused) {
  if (!refused) return null;
  const version = refused.version === null ? "What the store names" : `Version ${refused.version}`;
  return make("p", { className: "notice warn" }, make("strong", {}, `${version} was refused as ${what}: `), `${refused.reason}, since ${refused.since.replace("T", " ").replace("Z", " UTC")}.`);
}

function showModels() {
  const { models, slots } = held;
  byId("model-name").textContent = models.length ? `${models[0].name} ${models[0].version}` : "";
  byId("model-notes").replaceChildren(...[
    refusal("the live version", slots?.refused),
    refusal("the candidate", slots?.candidate_refused),
    slots?.previous ? make("p", { className: "notice" }, `Version ${slots.previous} was live before, and is kept in memory for a way back.`) : null,
    slots && !slots.follows ? make("p", { className: "notice" }, "This service stays with its version: it does not follow the store.") : null,
    models.length ? null : make("p", { className: "notice" }, "No version is loaded yet."),
  ].filter(Boolean));
  byId("model-list").replaceChildren(...models.map(modelCard));
}

/** Learn which versions are held; return whether something has changed. */
async function loadModels() {
  const before = JSON.stringify([held.models.map((model) => model.version), held.slots]);
  const { models, slots } = await ask("models");
  Object.assign(held, { models, slots, live: slots?.live ?? null, candidate: slots?.candidate?.version ?? null });
  const isNew = JSON.stringify([models.map((model) => model.version), slots]) !== before;
  if (isNew) showModels();
  return isNew;
}

function historyTable(events) {
  const version = (value) => (value === null ? "–" : String(value));
  return make("table", {},
    make("caption", { className: "hidden" }, "What has happened, the newest first"),
    make("thead", {}, make("tr", {}, ...["When", "What", "From", "To", "Who", "Why"].map((name) => make("th", { scope: "col" }, name)))),
    make("tbody", {}, ...events.map((event) => make("tr", {},
      ...[event.when.replace("T", " ").replace("Z", ""), [event.action, event.alias].filter(Boolean).join(" "), version(event.from_version), version(event.to_version), event.who, event.why]
        .map((text) => make("td", {}, text))))));
}

byId("history-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const key = byId("admin-key").value.trim();
  const words = byId("history-problem");
  words.hidden = true;
  try {
    const { events } = await ask("admin/history", { key });
    byId("history").replaceChildren(events.length ? historyTable(events) : make("p", { className: "quiet" }, "Nothing has happened yet."));
  } catch (problem) {
    byId("history").replaceChildren();
    words.hidden = false;
    words.textContent = problem.status === 404 ? "The admin routes are not there: the service has no admin keys, or the proxy does not pass them."
      : problem.status === 401 ? "This is no admin key." : problem.message;
  }
});

function showDrift(grafana) {
  byId("drift").hidden = !grafana;
  if (!grafana) return;
  const base = grafana.replace(/\/$/, "");
  byId("drift-links").replaceChildren(
    make("a", { href: `${base}/d/sentiment`, target: "_blank", rel: "noreferrer" }, "The dashboard in Grafana"),
    make("a", { href: `${base}/d/sentiment?from=now-7d&to=now`, target: "_blank", rel: "noreferrer" }, "The last week"));
}

// ---------------------------------------------------------------------------------------------- health

const POLL_MS = 5000;
const baselines = new Map();

const isScoring = (each) => each.method === "POST";

/** Return the counts of POST requests, by what became of them. */
function tally(counts) {
  const total = { answered: 0, refused: 0, failed: 0, reviews: 0 };
  for (const each of counts.requests.filter(isScoring)) {
    const kind = each.status < 400 ? "answered" : each.status === 429 || each.status === 503 ? "refused" : each.status >= 500 ? "failed" : "";
    if (kind) total[kind] += each.count;
  }
  total.reviews = counts.predictions.reduce((sum, each) => sum + each.count, 0);
  return total;
}

/** Return how many requests ended within each bound, all scoring routes together; explanations take longer. */
function bounds(counts) {
  const sums = new Map();
  for (const route of counts.durations.filter((each) => each.route !== "/explain")) for (const { le_seconds, count } of route.buckets) sums.set(le_seconds, (sums.get(le_seconds) ?? 0) + count);
  return sums;
}

/** Return the least bound in seconds that a share of the requests since then ended within; null without any. */
function quantile(now, then, ratio) {
  const grown = [...now].map(([bound, count]) => [bound ?? Infinity, count - (then.get(bound) ?? 0)]).sort((a, b) => a[0] - b[0]);
  const all = grown.length ? grown[grown.length - 1][1] : 0;
  return all ? grown.find(([, count]) => count >= ratio * all)[0] : null;
}

const inTime = (seconds) => (seconds === Infinity ? "over 10 s" : seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds} s`);

function healthFigures(status, base) {
  const [now, then] = [tally(status.counts), tally(base)];
  const grown = (name) => now[name] - then[name];
  const [half, most] = [0.5, 0.99].map((ratio) => quantile(bounds(status.counts), bounds(base), ratio));
  const lanes = Object.values(status.lanes).reduce((sum, count) => sum + count, 0);
  return [
    ["requests", number.format(grown("answered"))],
    ["reviews", number.format(grown("reviews"))],
    ...(half === null ? [] : [["half within", inTime(half)], ["99 % within", inTime(most)]]),
    ["refused", number.format(grown("refused"))],
    ["failed", number.format(grown("failed"))],
    ["queue", percent(status.queue.max_tokens ? status.queue.tokens / status.queue.max_tokens : 0, 0)],
    ["lanes idle", `${status.lanes.idle ?? 0} of ${lanes}`],
  ];
}

function showHealth(status) {
  if (!baselines.has(status.replica)) baselines.set(status.replica, status.counts);
  const model = status.model ? ` · ${status.model.name} ${status.model.version}` : "";
  byId("health-dot").className = status.state === "ready" ? "dot ready" : "dot failing";
  byId("health-state").textContent = { ready: "Ready", loading: "Loading its model", draining: "Shutting down" }[status.state] + model;
  byId("health-figures").replaceChildren(...healthFigures(status, baselines.get(status.replica)).map(([name, value]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, value))));
  byId("health-scope").textContent = "this replica, since you opened the page";
  byId("health-scope").title = `Replica ${status.replica}, started ${status.started_at}, release ${status.software}`;
}

async function loadStatus() {
  try {
    const status = await ask("status", { timeout: 10000 });
    service.limits = status.limits;
    showHealth(status);
    showDrift(status.links.grafana);
  } catch (problem) {
    wantsKey(problem);
    byId("health-dot").className = "dot failing";
    byId("health-state").textContent = problem.message;
    byId("health-figures").replaceChildren();
    byId("health-scope").textContent = "";
  }
}

/** Look at the health, and at the versions, again and again while somebody looks at the page. */
async function watch() {
  for (;;) {
    await sleep(POLL_MS);
    if (document.hidden || !keyForm.hidden) continue;
    await loadStatus();
    if (await loadModels().catch(() => false)) for (const pane of panes) pane.score();
  }
}

// ---------------------------------------------------------------------------------------------- start

/** Show the panel of a tab; the address remembers it. */
function choose(tab) {
  const group = tab.closest('[role="tablist"]');
  for (const each of group.querySelectorAll('[role="tab"]')) {
    const isChosen = each === tab;
    each.setAttribute("aria-selected", String(isChosen));
    each.tabIndex = isChosen ? 0 : -1;
    if (each.getAttribute("aria-controls") !== "snippet") byId(each.getAttribute("aria-controls")).hidden = !isChosen;
  }
  hideTip();
  if (tab.id in { "tab-try": 1, "tab-many": 1, "tab-models": 1 }) history.replaceState(null, "", tab.id === "tab-try" ? location.pathname + location.search : `#${tab.id.slice(4)}`);
  else { language = tab.id.slice(4); byId("snippet").setAttribute("aria-labelledby", tab.id); writeSnippet(); }
}

for (const group of document.querySelectorAll('[role="tablist"]')) {
  group.addEventListener("click", (event) => { const tab = event.target.closest('[role="tab"]'); if (tab) choose(tab); });
  group.addEventListener("keydown", (event) => {
    const tabs = [...group.querySelectorAll('[role="tab"]')];
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    choose(next);
    next.focus();
  });
}

async function refresh() {
  await Promise.all([loadStatus(), loadModels().catch(() => {})]);
  await Promise.all(panes.map((pane) => pane.score()));
  writeSnippet();
}

function start() {
  const named = byId(`tab-${location.hash.slice(1)}`);
  showExamples();
  panes = [new Pane("first", EXAMPLES[0][1])];
  layPanes();
  markExample(panes[0].text);
  writeSnippet();
  if (named) choose(named);
  // The example is scored before anything else is asked.
  const scored = panes[0].score();
  Promise.all([loadStatus(), loadModels().catch(() => {})]).then(async () => {
    await scored;
    if (held.candidate) await panes[0].score();
    watch();
  });
}

start();
