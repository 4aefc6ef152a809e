// Draws what an app sends: mrkdwn, rich text and Block Kit, as elements and text nodes. No text is ever parsed as HTML.

export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

// ---------------------------------------------------------------- words

const EMOJI = {
  white_check_mark: "✅", heavy_check_mark: "✔️", x: "❌", warning: "⚠️", rotating_light: "🚨", lock: "🔒",
  unlock: "🔓", hourglass: "⌛", hourglass_flowing_sand: "⏳", eyes: "👀", no_entry: "⛔", octagonal_sign: "🛑",
  information_source: "ℹ️", bell: "🔔", memo: "📝", key: "🔑", shield: "🛡️", wave: "👋", tada: "🎉", "+1": "👍",
};

// U+2060 before a mark is how text from outside is kept from formatting; it counts as a letter here.
const TOKEN = new RegExp(
  [
    /<([^<>]+)>/,
    /(?<!\u2060)`([^`\n]+)`/,
    /(?<![\w*\u2060])\*(?!\s)([^*\n]+?)(?<![\s\u2060])\*(?![\w*])/,
    /(?<![\w_\u2060])_(?!\s)([^_\n]+?)(?<![\s\u2060])_(?![\w_])/,
    /(?<![\w~\u2060])~(?!\s)([^~\n]+?)(?<![\s\u2060])~(?![\w~])/,
    /:([a-z0-9_+'-]+):/,
  ].map((part) => part.source).join("|"),
  "g",
);

const unescaped = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");

export function mrkdwn(text, world) {
  const made = document.createDocumentFragment();
  text.split(/```/).forEach((part, index) => {
    if (index % 2) made.append(el("pre", {}, unescaped(part.replace(/^\n|\n$/g, ""))));
    else made.append(...paragraphs(part, world));
  });
  return made;
}

function paragraphs(text, world) {
  const made = [];
  let quote = null;
  text.split("\n").forEach((line, index, lines) => {
    if (line.startsWith("&gt;")) {
      if (!quote) made.push((quote = el("blockquote")));
      else quote.append(el("br"));
      quote.append(...inline(line.slice(4).trimStart(), world));
      return;
    }
    made.push(...inline(line, world));
    if (index < lines.length - 1) made.push(el("br"));
    quote = null;
  });
  return made;
}

function inline(text, world) {
  const made = [];
  let at = 0;
  for (const found of text.matchAll(TOKEN)) {
    if (found.index > at) made.push(unescaped(text.slice(at, found.index)));
    made.push(token(found, world));
    at = found.index + found[0].length;
  }
  if (at < text.length) made.push(unescaped(text.slice(at)));
  return made;
}

function token([whole, link, code, bold, italic, strike, emoji], world) {
  if (link !== undefined) return linked(link, world);
  if (code !== undefined) return el("code", {}, unescaped(code));
  if (bold !== undefined) return el("strong", {}, inline(bold, world));
  if (italic !== undefined) return el("em", {}, inline(italic, world));
  if (strike !== undefined) return el("s", {}, inline(strike, world));
  return EMOJI[emoji] ?? whole;
}

function linked(inside, world) {
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? "" : unescaped(inside.slice(bar + 1));
  if (target.startsWith("@")) return mention(target.slice(1), world);
  if (target.startsWith("#")) return channel(target.slice(1), world, label);
  if (target.startsWith("!date^")) return dated(target.split("^"), label, world);
  if (target.startsWith("!subteam^")) return group(target.slice(9), world, label);
  if (target.startsWith("!")) return el("span", { class: "mention" }, `@${target.slice(1)}`);
  return anchor(unescaped(target), label || unescaped(target));
}

export const mention = (user, world) =>
  el("span", { class: user === world.me ? "mention me" : "mention", title: world.people[user]?.real_name },
    `@${world.people[user]?.name ?? user}`);

const channel = (id, world, label) =>
  el("span", { class: "mention" }, `#${world.channelName(id) ?? (label || "private-channel")}`);

const group = (id, world, label) => el("span", { class: "mention" }, label || `@${world.groups[id] ?? id}`);

function anchor(url, ...label) {
  if (!/^(https?|mailto):/i.test(url)) return el("span", {}, ...label);
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, ...label);
}

function dated([, seconds, format], fallback, world) {
  const words = dateWords(Number(seconds), format ?? "", world.now()) ?? fallback;
  return el("time", { datetime: iso(Number(seconds)), title: fallback || null }, words);
}

const iso = (seconds) => (Number.isFinite(seconds) ? new Date(seconds * 1000).toISOString() : null);

// Slack's date tokens, in the zone of whoever reads. Source: docs.slack.dev, "Formatting text for app surfaces".
export function dateWords(seconds, format, now) {
  if (!Number.isFinite(seconds)) return null;
  const day = new Date(seconds * 1000);
  const shown = (options) => new Intl.DateTimeFormat(undefined, options).format(day);
  const long = { year: "numeric", month: "long", day: "numeric" };
  const tokens = {
    date_num: () => `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`,
    date: () => shown(long),
    date_short: () => shown({ ...long, month: "short" }),
    date_long: () => shown({ ...long, weekday: "long" }),
    date_pretty: () => near(day, now) ?? shown(long),
    date_short_pretty: () => near(day, now) ?? shown({ ...long, month: "short" }),
    date_long_pretty: () => near(day, now) ?? shown({ ...long, weekday: "long" }),
    time: () => shown({ hour: "numeric", minute: "2-digit" }),
    time_secs: () => shown({ hour: "numeric", minute: "2-digit", second: "2-digit" }),
    ago: () => ago(seconds - now),
  };
  return format.replace(/\{(\w+)\}/g, (whole, name) => tokens[name]?.() ?? whole);
}

const two = (number) => String(number).padStart(2, "0");

function near(day, now) {
  const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  const days = Math.round((midnight(day) - midnight(new Date(now * 1000))) / 86_400_000);
  return { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days];
}

function ago(seconds) {
  const words = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  const units = [["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? units[3];
  return words.format(Math.round(seconds / size), unit);
}

export function textOf(object, world) {
  if (!object) return [];
  return object.type === "mrkdwn" ? [mrkdwn(object.text, world)] : [plain(object)];
}

const plain = (object) =>
  object.emoji ? object.text.replace(/:([a-z0-9_+'-]+):/g, (whole, name) => EMOJI[name] ?? whole) : object.text;

// ---------------------------------------------------------------- rich text

function richText(block, world) {
  return block.elements.map((part) => richPart(part, world));
}

function richPart(part, world) {
  const runs = () => part.elements.map((run) => richRun(run, world));
  if (part.type === "rich_text_quote") return el("blockquote", {}, runs());
  if (part.type === "rich_text_preformatted") return el("pre", {}, runs());
  if (part.type === "rich_text_list") {
    const items = part.elements.map((item) => el("li", {}, item.elements.map((run) => richRun(run, world))));
    return el(part.style === "ordered" ? "ol" : "ul", {}, items);
  }
  return el("p", {}, runs());
}

function richRun(run, world) {
  const drawn = {
    text: () => run.text,
    link: () => anchor(run.url, run.text || run.url),
    user: () => mention(run.user_id, world),
    usergroup: () => group(run.usergroup_id, world),
    channel: () => channel(run.channel_id, world),
    broadcast: () => el("span", { class: "mention" }, `@${run.range}`),
    emoji: () => EMOJI[run.name] ?? `:${run.name}:`,
    date: () => dated(["", run.timestamp, run.format], run.fallback ?? "", world),
    color: () => el("code", {}, run.value),
  }[run.type]?.() ?? `[${run.type}]`;
  const marks = { bold: "strong", italic: "em", strike: "s", code: "code", underline: "u" };
  return Object.keys(run.style ?? {}).filter((mark) => run.style[mark] && marks[mark])
    .reduce((inside, mark) => el(marks[mark], {}, inside), drawn);
}

// ---------------------------------------------------------------- blocks

const STATUS = {
  pending: ["○", "waiting"], in_progress: ["◐", "running"], complete: ["●", "done"], error: ["✕", "failed"],
};

const DRAWN = {
  header: (block) => el("h3", {}, plain(block.text)),
  divider: () => el("hr"),
  section: (block, on) =>
    el("div", { class: block.accessory ? "section beside" : "section" },
      el("div", { class: "section-text" },
        block.text && el("p", {}, textOf(block.text, on.world)),
        block.fields && el("div", { class: "fields" },
          block.fields.map((field) => el("p", {}, labelled(field, on.world))))),
      block.accessory && element(block.accessory, block, on)),
  context: (block, on) =>
    el("p", { class: "context" }, block.elements.map((part, index) => [
      index ? " · " : "", part.type === "image" ? picture(part) : el("span", {}, textOf(part, on.world)),
    ])),
  actions: (block, on) => el("div", { class: "actions" }, block.elements.map((part) => element(part, block, on))),
  image: (block, on) =>
    el("figure", {}, block.title && el("figcaption", {}, textOf(block.title, on.world)), picture(block)),
  input: (block, on) => field(block, on),
  rich_text: (block, on) => el("div", { class: "rich" }, richText(block, on.world)),
  plan: (block, on) =>
    el("div", { class: "plan" }, el("strong", {}, block.title),
      el("ul", {}, (block.tasks ?? []).map((task) => el("li", {}, taskCard(task, on.world))))),
  task_card: (block, on) => taskCard(block, on.world),
  alert: (block, on) => el("div", { class: `alert ${block.level ?? "default"}`, role: "note" }, textOf(block.text, on.world)),
  table: (block, on) =>
    el("div", { class: "scroll", tabindex: 0 }, el("table", {}, block.rows.map((row) =>
      el("tr", {}, row.map((cell) =>
        el("td", {}, cell.type === "rich_text" ? richText(cell, on.world) : String(cell.text ?? cell.value ?? "")))))),
    ),
};

// A label before the first colon stands back behind its value; nothing of the text is left out.
function labelled(object, world) {
  const cut = object.type === "plain_text" ? object.text.indexOf(": ") : -1;
  if (cut < 0) return textOf(object, world);
  return [el("span", { class: "label" }, object.text.slice(0, cut + 1)), " ", object.text.slice(cut + 2)];
}

const picture = (part) => el("span", { class: "picture" }, `image: ${part.alt_text}`);

function taskCard(task, world) {
  const [sign, word] = STATUS[task.status] ?? STATUS.pending;
  return el("div", { class: `task ${task.status}` },
    el("span", { "aria-hidden": "true" }, sign), ` ${task.title} `, el("small", {}, word),
    [task.details, task.output].filter(Boolean).map((part) => el("div", { class: "rich" }, richText(part, world))));
}

// `on`: {world, act(node, {action_id, block_id, value, confirm}), suggest(block_id, action_id, text), surface}
export function blocks(list, on) {
  return list.map((block) => {
    const draw = DRAWN[block.type];
    const drawn = draw ? draw(block, on) : unsupported(`block: ${block.type}`);
    drawn.dataset.blockId = block.block_id ?? "";
    drawn.dataset.block = block.type;
    return drawn;
  });
}

const unsupported = (what) =>
  el("div", { class: "unsupported", role: "note" }, `unsupported ${what}`);

// ---------------------------------------------------------------- what can be pressed and filled in

const readers = new WeakMap();

// What stands in the fields under `root`, by block and action.
export function collect(root) {
  const values = {};
  for (const node of root.querySelectorAll("[data-field]")) {
    const { block, field: name } = node.dataset;
    (values[block] ??= {})[name] = readers.get(node)();
  }
  return values;
}

function holds(node, part, block, read) {
  Object.assign(node.dataset, { field: part.action_id, block: block.block_id, actionId: part.action_id });
  readers.set(node, read);
  return node;
}

function element(part, block, on) {
  const draw = ELEMENTS[part.type];
  return draw ? draw(part, block, on) : unsupported(`element: ${part.type}`);
}

// A field inside a message or with dispatch_action tells the app at once; one in a form only when it is sent.
function tells(node, part, block, on) {
  if (block.type === "input" && !block.dispatch_action) return node;
  node.addEventListener("change", () => on.act(node, { ...at(part, block), value: readers.get(node)() }));
  return node;
}

const at = (part, block) => ({ action_id: part.action_id, block_id: block.block_id, confirm: part.confirm });

const ELEMENTS = {
  button: (part, block, on) => {
    const press = (event) => on.act(event.currentTarget, { ...at(part, block), value: part.value });
    const common = { class: `button ${part.style ?? ""}`, "data-action-id": part.action_id, "aria-label": part.accessibility_label };
    if (part.url && /^https?:/i.test(part.url)) {
      return el("a", { ...common, href: part.url, target: "_blank", rel: "noopener noreferrer", click: press }, plain(part.text), el("span", { "aria-hidden": "true" }, " ↗"));
    }
    return el("button", { ...common, type: "button", click: press }, plain(part.text));
  },
  overflow: (part, block, on) => menuButton("⋯", "More actions", part.options.map((option) => ({
    label: plain(option.text),
    pick: (node) => on.act(node, { ...at(part, block), value: option.value }),
  })), { "data-action-id": part.action_id, class: "button overflow" }),
  static_select: (part, block, on) => choice(part, block, on, options(part), part.initial_option?.value),
  users_select: (part, block, on) => choice(part, block, on, people(on.world), part.initial_user),
  conversations_select: (part, block, on) => choice(part, block, on, places(on.world), part.initial_conversation),
  channels_select: (part, block, on) => choice(part, block, on, places(on.world), part.initial_channel),
  external_select: (part, block, on) => asked(part, block, on),
  multi_static_select: (part, block, on) => ticks(part, block, on, options(part), (part.initial_options ?? []).map((o) => o.value)),
  multi_users_select: (part, block, on) => ticks(part, block, on, people(on.world), part.initial_users ?? []),
  multi_conversations_select: (part, block, on) => ticks(part, block, on, places(on.world), part.initial_conversations ?? []),
  multi_channels_select: (part, block, on) => ticks(part, block, on, places(on.world), part.initial_channels ?? []),
  checkboxes: (part, block, on) => ticks(part, block, on, options(part, on.world), (part.initial_options ?? []).map((o) => o.value)),
  radio_buttons: (part, block, on) => ticks(part, block, on, options(part, on.world), [part.initial_option?.value], "radio"),
  plain_text_input: (part, block, on) => typed(part, block, on, part.multiline ? "textarea" : "input", "text"),
  email_text_input: (part, block, on) => typed(part, block, on, "input", "email"),
  url_text_input: (part, block, on) => typed(part, block, on, "input", "url"),
  number_input: (part, block, on) => typed(part, block, on, "input", "number"),
  datepicker: (part, block, on) => picked(part, block, on, "date", part.initial_date, (value) => value || null),
  timepicker: (part, block, on) => picked(part, block, on, "time", part.initial_time, (value) => value || null),
  datetimepicker: (part, block, on) =>
    picked(part, block, on, "datetime-local", localTime(part.initial_date_time),
      (value) => (value ? Math.floor(new Date(value).getTime() / 1000) : null)),
};

const localTime = (seconds) => {
  if (!seconds) return null;
  const day = new Date(seconds * 1000);
  return new Date(day.getTime() - day.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
};

const options = (part, world) =>
  [...(part.options ?? []), ...(part.option_groups ?? []).flatMap((group) => group.options)].map((option) => ({
    value: option.value,
    label: option.text.text,
    drawn: world ? [textOf(option.text, world), option.description && el("small", {}, textOf(option.description, world))] : null,
  }));

const people = (world) =>
  Object.values(world.people).filter((person) => !person.is_bot && !person.deleted)
    .map((person) => ({ value: person.id, label: `${person.real_name} (@${person.name})` }));

const places = (world) =>
  world.channels.filter((one) => !one.is_im).map((one) => ({ value: one.id, label: `#${one.name}` }));

function choice(part, block, on, offered, initial) {
  const empty = el("option", { value: "" }, part.placeholder?.text ?? "Choose");
  const node = el("select", { "aria-label": block.type === "input" ? null : (part.placeholder?.text ?? "Choose") }, empty,
    offered.map((one) => el("option", { value: one.value, selected: one.value === initial }, one.label)));
  return tells(holds(node, part, block, () => node.value || null), part, block, on);
}

function ticks(part, block, on, offered, initial, type = "checkbox") {
  const name = `${block.block_id}-${part.action_id}-${on.surface ?? ""}`;
  const boxes = offered.map((one) => el("input", { type, name, value: one.value, checked: initial.includes(one.value) }));
  const node = el("div", { class: "ticks", role: type === "radio" ? "radiogroup" : "group", "aria-label": block.label?.text ?? part.placeholder?.text ?? "Choose" },
    offered.map((one, index) => el("label", {}, boxes[index], el("span", {}, one.drawn ?? one.label))));
  const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value);
  return tells(holds(node, part, block, () => (type === "radio" ? (chosen()[0] ?? null) : chosen())), part, block, on);
}

function typed(part, block, on, tag, type) {
  const node = el(tag, {
    type: tag === "input" ? type : null, rows: tag === "textarea" ? 4 : null, placeholder: part.placeholder?.text,
    maxlength: part.max_length, autocomplete: "off", step: part.is_decimal_allowed ? "any" : null,
    min: part.min_value, max: part.max_value,
  });
  node.value = part.initial_value ?? "";
  return tells(holds(node, part, block, () => node.value || null), part, block, on);
}

function picked(part, block, on, type, initial, read) {
  const node = el("input", { type, "aria-label": block.type === "input" ? null : (part.placeholder?.text ?? type) });
  node.value = initial ?? "";
  return tells(holds(node, part, block, () => read(node.value)), part, block, on);
}

// A field whose options the app suggests while one types.
let lists = 0;
function asked(part, block, on) {
  const id = `options-${++lists}`;
  let chosen = part.initial_option ?? null;
  const list = el("ul", { class: "options", role: "listbox", id, hidden: true });
  const input = el("input", {
    type: "text", role: "combobox", "aria-expanded": "false", "aria-controls": id, "aria-autocomplete": "list",
    autocomplete: "off", placeholder: part.placeholder?.text ?? "Type to search",
  });
  input.value = chosen?.text.text ?? "";
  const node = el("div", { class: "asked" }, input, list);
  const show = (offered) => {
    list.replaceChildren(...offered.map((option) =>
      el("li", { role: "option", tabindex: -1, mousedown: (event) => { event.preventDefault(); pick(option); } }, option.text.text)));
    if (!offered.length) list.append(el("li", { class: "none" }, "Nothing found"));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
  };
  const hide = () => { list.hidden = true; input.setAttribute("aria-expanded", "false"); };
  const pick = (option) => {
    chosen = option;
    input.value = option.text.text;
    hide();
    node.dispatchEvent(new Event("change"));
  };
  let offered = [];
  let marked = -1;
  input.addEventListener("input", async () => {
    chosen = null;
    const text = input.value;
    const found = text.length >= (part.min_query_length ?? 3) ? await on.suggest(block.block_id, part.action_id, text) : [];
    if (input.value !== text) return;
    [offered, marked] = [found, -1];
    if (text) show(offered); else hide();
  });
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && offered.length) {
      marked = (marked + step + offered.length) % offered.length;
      [...list.children].forEach((item, index) => item.setAttribute("aria-selected", String(index === marked)));
      event.preventDefault();
    } else if (event.key === "Enter" && offered[marked] && !list.hidden) {
      pick(offered[marked]);
      event.preventDefault();
    } else if (event.key === "Escape" && !list.hidden) {
      hide();
      event.stopPropagation();
      event.preventDefault();
    }
  });
  input.addEventListener("blur", hide);
  return tells(holds(node, part, block, () => chosen), part, block, on);
}

// An input block of a form: label, field, hint, and a place for what is wrong with it.
let fields = 0;
function field(block, on) {
  const id = `field-${++fields}`;
  const part = element(block.element, block, on);
  const target = part.matches("input, textarea, select") ? part : part.querySelector("input:not([type=checkbox]):not([type=radio])");
  if (target) target.id = id;
  const wrong = el("p", { class: "wrong", id: `${id}-wrong`, hidden: true });
  (target ?? part).setAttribute("aria-describedby", `${id}-wrong${block.hint ? ` ${id}-hint` : ""}`);
  return el("div", { class: "field" },
    el(target ? "label" : "span", { class: "field-label", for: target ? id : null }, plain(block.label),
      block.optional && el("span", { class: "optional" }, " (optional)")),
    part,
    block.hint && el("p", { class: "hint", id: `${id}-hint` }, plain(block.hint)),
    wrong);
}

// Says beside each field what is wrong with it, and goes to the first one.
export function complain(root, errors) {
  for (const node of root.querySelectorAll("[data-block=input]")) {
    const words = errors[node.dataset.blockId];
    const wrong = node.querySelector(".wrong");
    wrong.textContent = words ?? "";
    wrong.hidden = !words;
    node.querySelector("input, textarea, select")?.setAttribute("aria-invalid", String(Boolean(words)));
  }
  root.querySelector("[aria-invalid=true]")?.focus();
}

// ---------------------------------------------------------------- menus

// A button with a menu under it, for mouse and keyboard. Each entry: {label, pick(button)}.
export function menuButton(face, name, entries, props = {}) {
  const menu = el("div", { class: "menu", role: "menu", hidden: true });
  const button = el("button", {
    type: "button", "aria-haspopup": "menu", "aria-expanded": "false", "aria-label": name, ...props,
    click: () => (menu.hidden ? open() : close()),
  }, face);
  const close = () => {
    menu.hidden = true;
    button.setAttribute("aria-expanded", "false");
  };
  const open = () => {
    menu.hidden = false;
    button.setAttribute("aria-expanded", "true");
    menu.firstElementChild?.focus();
  };
  menu.append(...entries.map((entry) => el("button", {
    type: "button", role: "menuitem", tabindex: -1,
    click: () => { close(); button.focus(); entry.pick(button); },
  }, entry.label)));
  const both = el("span", { class: "menu-of" }, button, menu);
  both.addEventListener("focusout", (event) => { if (!both.contains(event.relatedTarget)) close(); });
  menu.addEventListener("keydown", (event) => {
    const items = [...menu.children];
    const next = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (next) items[(items.indexOf(document.activeElement) + next + items.length) % items.length].focus();
    else if (event.key === "Escape") { close(); button.focus(); }
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return both;
}
