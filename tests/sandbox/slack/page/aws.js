// The AWS side: what the pretend AWS holds, its clock, what can be broken, and the first run. Absent where there is no AWS.

import { ask, become, chat, draw, go, now, pane, propose, toast, whenChanged } from "./chat.js";
import { el } from "./blocks.js";

const $ = (id) => document.getElementById(id);
const PLACEHOLDER = "Add user ID here";
const USER_ID_SIZE = 50; // a user ID in the policy, with its quotes and comma
const SEC_INC = "C0SECINC01";

let aws = null;
let demo = null;
let tab = "policy";
let writesOnly = false;

// ---------------------------------------------------------------- fetching

let asking = false;
let wanted = { aws: false, demo: false };
async function refresh(what) {
  Object.assign(wanted, what);
  if (asking) return;
  asking = true;
  while (wanted.aws || wanted.demo) {
    const now = wanted;
    wanted = { aws: false, demo: false };
    if (now.demo) await fetchDemo();
    if (now.aws) await fetchAws();
    drawAll();
  }
  asking = false;
}

async function fetchDemo() {
  const state = await ask("/_demo/state");
  if (state.error) return;
  const roles = JSON.stringify(chat.demo?.roles);
  demo = chat.demo = state;
  if (roles !== JSON.stringify(state.roles)) draw();
}

async function fetchAws() {
  const state = await ask("/_aws/seen");
  if (!state.error && state.seeded) aws = state;
}

// ---------------------------------------------------------------- what is known of AWS

const policy = () => aws.policies[aws.policy_id];

function denied(text = policy()?.text ?? "{}") {
  let document;
  try { document = JSON.parse(text); } catch { return []; }
  const found = [].concat(document.Statement ?? []).filter((one) => one.Effect === "Deny")
    .flatMap((one) => Object.entries(one.Condition?.StringEquals ?? {}))
    .filter(([key]) => key.toLowerCase() === "identitystore:userid").flatMap(([, value]) => value);
  return found.filter((id) => id !== PLACEHOLDER);
}

const userNamed = (id) => aws.users.find((user) => user.UserId === id);
const display = (id) => userNamed(id)?.DisplayName ?? null;
const accountName = (id) => aws.organization.accounts.find((one) => one.id === id)?.name ?? id;
const parents = (id) => {
  const unit = [...aws.organization.units, ...aws.organization.accounts].find((one) => one.id === id);
  return unit ? [id, ...parents(unit.parent)] : [id];
};
// A policy reaches an account from the account itself or anything above it, and never the management account.
function covered(account) {
  const targets = policy()?.targets ?? [];
  return account.id !== aws.organization.management_account && parents(account.id).some((one) => targets.includes(one));
}

// ---------------------------------------------------------------- drawing

const keys = new WeakMap();
function keep(node, key, children) {
  if (keys.get(node) === key) return;
  keys.set(node, key);
  const focused = node.contains(document.activeElement) ? document.activeElement.dataset.keeps : null;
  node.replaceChildren(...[children()].flat(2).filter(Boolean));
  if (focused) node.querySelector(`[data-keeps="${focused}"]`)?.focus();
}

function drawAll() {
  const here = Boolean(demo && aws);
  for (const id of ["aws", "clock", "pane-aws"]) $(id).hidden = !here;
  document.body.toggleAttribute("data-aws", here);
  if (!here) return;
  drawClock();
  drawTabs();
  drawPage();
  drawGuide();
}

function drawClock() {
  const { ahead, left } = demo.clock;
  const hours = Math.round(ahead / 3600);
  keep($("clock"), `${ahead} ${left}`, () => [
    el("div", { class: "clock-face" }, el("time", { id: "clock-time" }, clockWords()),
      el("small", { id: "clock-ahead" }, left ? `${left} h to go …` : hours ? `${hours} h ahead` : "the real time")),
    hourButton(1, left), hourButton(12, left),
    el("details", { class: "about-clock" }, el("summary", { "aria-label": "About the clock" }, "?"),
      el("div", {},
        el("p", {}, "Every wait of the bot counts by Redis's clock. These buttons put that clock ahead, and AWS's and Slack's with it. No wait is shortened: 12 hours are 12 hours."),
        el("p", {}, "They pass one by one, and after each the bot looks at AWS, as it would. At once would not do: to the bot, 12 hours in which nobody looked prove nothing. So “+12 h” takes about 15 seconds."))),
  ]);
}

const hourButton = (hours, left) => el("button", {
  type: "button", class: "button small", "data-keeps": `hours-${hours}`, "aria-disabled": left ? "true" : null,
  click: () => pass(hours),
}, `+${hours} h`);

async function pass(hours) {
  if (demo.clock.left) return;
  const { error } = await ask("/_demo/clock", { hours });
  if (error) toast(error);
}

const words = (options) => new Intl.DateTimeFormat(undefined, options).format(new Date(now() * 1000));
const clockWords = () => [
  el("span", { class: "clock-day" }, `${words({ weekday: "short", day: "numeric", month: "short" })} `),
  words({ hour: "numeric", minute: "2-digit", second: "2-digit" }),
];
setInterval(() => $("clock-time")?.replaceChildren(...clockWords()), 1000);

// ---------------------------------------------------------------- tabs

const TABS = [
  ["policy", "Deny policy", drawPolicy], ["people", "People", drawPeople], ["organization", "Accounts", drawOrganization],
  ["calls", "Calls", drawCalls], ["trouble", "Break it", drawTrouble],
];

function drawTabs() {
  const broken = demo.switches.filter((one) => one.on).length;
  keep($("tabs"), `${tab} ${broken} ${denied().length}`, () => TABS.map(([id, label]) => el("button", {
    type: "button", role: "tab", id: `tab-${id}`, "data-keeps": `tab-${id}`, "aria-controls": "tab-page",
    "aria-selected": String(id === tab), tabindex: id === tab ? 0 : -1,
    click: () => show(id), keydown: move,
  }, label,
  id === "policy" && denied().length ? el("span", { class: "count", "aria-label": `${denied().length} denied` }, String(denied().length)) : null,
  id === "trouble" && broken ? el("span", { class: "count", "aria-label": `${broken} broken` }, String(broken)) : null)));
  $("tab-page").setAttribute("aria-labelledby", `tab-${tab}`);
}

export function show(id) {
  tab = id;
  drawTabs();
  drawPage();
}

function move(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const ids = TABS.map(([id]) => id);
  show(ids[(ids.indexOf(tab) + step + ids.length) % ids.length]);
  $(`tab-${tab}`).focus();
}

const drawPage = () => TABS.find(([id]) => id === tab)[2]($("tab-page"));

// ---------------------------------------------------------------- the Deny policy

function drawPolicy(node) {
  const shown = policy();
  const people = aws.users.map((user) => [user.UserId, user.DisplayName]);
  keep(node, JSON.stringify(["policy", shown, people, demo.policy_size]), () => {
    if (!shown) return [el("p", {}, "There is no Deny policy.")];
    const ids = denied();
    const room = Math.max(0, Math.floor((demo.policy_size - shown.text.length) / USER_ID_SIZE));
    const where = shown.targets.map((id) => (id === aws.organization.root ? "the whole organization" : unitName(id)));
    return [
      el("h3", { class: "big" }, ids.length ? "Denied now" : "Nobody is denied"),
      el("ul", { class: "chips", id: "denied" }, ids.map((id) =>
        el("li", { class: "chip danger", "data-user-id": id }, display(id) ?? `unknown ${id}`))),
      el("dl", { class: "facts" },
        el("dt", {}, "Policy"), el("dd", {}, `${shown.name} `, el("code", {}, aws.policy_id)),
        el("dt", {}, "Attached to"), el("dd", {}, where.join(", ") || "nothing: it denies nobody"),
        el("dt", {}, "Room"), el("dd", {},
          el("meter", { min: 0, max: demo.policy_size, high: demo.policy_size * 0.9, value: shown.text.length, "aria-label": "Characters used" }),
          ` ${shown.text.length} of ${demo.policy_size} characters; room for ${room} more people`)),
      el("h4", {}, "The document, as AWS holds it"),
      el("pre", { class: "document", id: "document", tabindex: 0 }, pretty(shown.text)),
    ];
  });
}

const unitName = (id) => aws.organization.units.find((one) => one.id === id)?.name ?? accountName(id);

// The policy line by line, with whose user ID it is beside each.
function pretty(text) {
  let lines;
  try {
    const spread = JSON.stringify(JSON.parse(text), null, 1);
    lines = spread.replace(/\[\s+("(?!Add user)[^"]{1,20}")\s+\]/g, "[$1]").split("\n");
  } catch { return [text]; }
  return lines.map((line) => {
    const id = /"([0-9a-f-]{36,47})"/.exec(line)?.[1];
    const whole = `${line}\n`;
    if (id) return el("mark", {}, line, el("span", { class: "whose" }, `↑ ${display(id) ?? "nobody the directory knows"}`));
    return line.includes(PLACEHOLDER) ? el("span", { class: "dim" }, whole) : whole;
  });
}

// ---------------------------------------------------------------- people and accounts

function drawPeople(node) {
  keep(node, JSON.stringify(["people", aws.users, policy()?.text, aws.groups]), () => [
    el("p", { class: "lead" }, "Users of IAM Identity Center, and every way in that each of them has."),
    el("ul", { class: "people" }, aws.users.map(person)),
  ]);
}

function person(user) {
  const off = denied().includes(user.UserId);
  const own = user.assignments.filter((row) => row.PrincipalType === "USER");
  const through = user.assignments.filter((row) => row.PrincipalType === "GROUP");
  const listed = (rows) => rows.map((row) => `${accountName(row.AccountId)} (${aws.permission_sets[row.PermissionSetArn] ?? "?"})`).join(", ");
  const ways = [
    ["Accounts", listed(own)],
    ["Groups", user.groups.map((id) => `${aws.groups[id] ?? id}${through.length ? ` → ${listed(through.filter((row) => row.PrincipalId === id))}` : ""}`).join(", ")],
    ["Apps", user.applications.map((one) => one.name).join(", ")],
    ["Roles", user.entitlements.map((one) => one.roleArn).join(", ")],
  ].filter(([, words]) => words);
  return el("li", { class: off ? "person off" : "person", "data-user": user.UserName },
    el("div", { class: "person-head" }, el("strong", {}, user.DisplayName), el("span", { class: "dim" }, user.UserName),
      off && el("span", { class: "chip danger" }, "denied"),
      el("span", { class: user.UserStatus === "ENABLED" ? "chip" : "chip warn" }, `sign-in ${user.UserStatus.toLowerCase()}`)),
    ways.length ? el("dl", { class: "facts" }, ways.map(([word, words]) => [el("dt", {}, word), el("dd", {}, words)]))
      : el("p", { class: "none-left" }, "No access is left."));
}

function drawOrganization(node) {
  keep(node, JSON.stringify(["organization", aws.organization, policy()?.targets, aws.users]), () => {
    const { root, units, accounts } = aws.organization;
    const all = accounts.filter((one) => one.id !== aws.organization.management_account);
    return [
      el("p", { class: "lead" }, `The Deny policy reaches ${all.filter(covered).length} of ${accounts.length} accounts. No policy ever reaches the management account.`),
      el("ul", { class: "tree" }, el("li", {}, unitLine("Root", root),
        el("ul", {}, units.filter((one) => one.parent === root).map((one) => unitBranch(one)),
          accounts.filter((one) => one.parent === root).map(accountLine)))),
    ];
  });
}

const unitBranch = (unit) => el("li", {}, unitLine(unit.name, unit.id),
  el("ul", {}, aws.organization.units.filter((one) => one.parent === unit.id).map((one) => unitBranch(one)),
    aws.organization.accounts.filter((one) => one.parent === unit.id).map(accountLine)));

const unitLine = (name, id) => el("span", { class: "unit" }, el("strong", {}, name), " ", el("code", {}, id),
  policy()?.targets.includes(id) && el("span", { class: "chip accent" }, "Deny policy attached"));

function accountLine(account) {
  const management = account.id === aws.organization.management_account;
  const users = aws.users.filter((user) => user.assignments.some((row) => row.AccountId === account.id));
  return el("li", { class: "account" }, el("span", { class: "unit" }, el("strong", {}, management ? "management account" : account.name), " ", el("code", {}, account.id),
    el("span", { class: covered(account) ? "chip good" : "chip warn" }, covered(account) ? "covered" : "not covered")),
  el("span", { class: "dim" }, users.length ? `open to ${users.map((user) => user.UserName).join(", ")}` : "nobody has access"));
}

// ---------------------------------------------------------------- calls

const READS = /^(Describe|List|Get|Search|BatchGet)/;

function drawCalls(node) {
  const calls = aws.journal.filter((one) => !writesOnly || !READS.test(one.operation)).reverse();
  keep(node, JSON.stringify(["calls", writesOnly, calls[0]?.request_id, calls.length, calls[0]?.status]), () => [
    el("label", { class: "toggle" }, el("input", {
      type: "checkbox", checked: writesOnly, "data-keeps": "writes", change: (event) => { writesOnly = event.target.checked; drawPage(); },
    }), " Only what changes something"),
    calls.length ? el("table", { class: "calls" },
      el("thead", {}, el("tr", {}, ["Time", "Call", "About", "Answer"].map((word) => el("th", { scope: "col" }, word)))),
      el("tbody", {}, calls.map(call))) : el("p", { class: "empty" }, "No calls yet."),
  ]);
}

function call(one) {
  const good = one.status === 200;
  return el("tr", { class: READS.test(one.operation) ? "read" : "write" },
    el("td", {}, new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", second: "2-digit" }).format(new Date(one.at))),
    el("td", {}, el("span", { class: "dim" }, `${one.service} `), el("strong", {}, one.operation)),
    el("td", {}, about(one.about)),
    el("td", {}, el("span", { class: good ? "chip good" : "chip danger", title: one.request_id }, good ? "200" : (one.code ?? "waits"))));
}

const about = (id) => display(id) ?? aws.groups[id] ?? (aws.policies[id]?.name || (aws.organization.accounts.some((one) => one.id === id) ? accountName(id) : id));

// ---------------------------------------------------------------- breaking things

function drawTrouble(node) {
  keep(node, JSON.stringify(["trouble", demo.switches]), () => [
    el("p", { class: "lead" }, "Break something, then look at the card and at the policy. Nothing here may un-deny anybody."),
    el("ul", { class: "switches" }, demo.switches.map(trouble)),
  ]);
}

function trouble(one) {
  const id = `switch-${one.name}`;
  const flip = async (event) => {
    const button = event.currentTarget;
    if (button.getAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    const { error } = await ask(`/_demo/switch/${one.name}`, { on: !one.on });
    button.removeAttribute("aria-busy");
    if (error) toast(error);
    else if (one.once) toast(`Done: ${one.label.toLowerCase()}. Look at the policy.`);
    refresh({ demo: true, aws: true });
  };
  const common = { type: "button", id, "data-keeps": id, "aria-describedby": `${id}-what`, click: flip };
  return el("li", { class: one.on ? "switch on" : "switch" },
    el("div", {}, el("label", { for: id }, el("strong", {}, one.label)),
      el("p", { id: `${id}-what` }, one.what, el("br"), el("em", {}, one.watch))),
    one.once ? el("button", { ...common, class: "button small" }, "Do it")
      : el("button", { ...common, class: "knob", role: "switch", "aria-checked": String(one.on), "aria-label": one.label }, el("span", { "aria-hidden": "true" })));
}

// ---------------------------------------------------------------- the first run

let folded = false;

function card() {
  const said = Object.values(chat.seen?.messages ?? {}).flat();
  return said.filter((one) => one.user === chat.seen.app.user && /^R-\w+ · /.test(one.text) && /mallory|U0MALLORY1/i.test(one.text + JSON.stringify(one.blocks)) && !one.thread_ts)
    .at(-1);
}

const standing = () => card()?.text.split(" · ")[1] ?? "";
const wasDenied = () => /^(Denied|Held|Off the deny|Released|Closed)/.test(standing());
const mallory = () => aws.users.find((user) => user.UserName === "mallory");

const STEPS = [
  { title: "Ask", words: "An alert names Mallory. You are Alice, on call. In #sec-inc, type /revoke @mallory and why, and press Enter.",
    button: ["Type it for me", () => ready(() => propose(SEC_INC, "/revoke @mallory key leaked in a CI log"))],
    done: () => Boolean(card()) },
  { title: "Deny", words: "Check who it is, then press Deny now. Her user ID stands in the Deny policy before the card says so.",
    button: ["Show me where", () => ready(() => point("revocation_confirm"))], done: wasDenied },
  { title: "Take the ways back in", words: "The follow-ups would start by themselves in 10 minutes. Press Start now, and watch her accounts and groups go.",
    button: ["Show me where", () => ready(() => { show("people"); point("follow_ups_start"); })],
    done: () => wasDenied() && mallory().assignments.length === 0 },
  { title: "Say what only people can do", words: "No API ends portal sessions. Press Done beside them: the form records your name, and nothing turns green by itself.",
    button: ["Show me where", () => ready(() => point("step_attest", "step.sessions"))],
    done: () => /attested by/.test(JSON.stringify(card()?.blocks ?? "")) },
  { title: "Wait 12 hours", words: "Press +12 h: the hours pass, and the clean-up gives notice. Then +1 h: it reads every gate once more and takes her off, with proof.",
    button: ["+12 h", () => pass(12)], second: ["+1 h", () => pass(1)],
    done: () => /^Off the deny/.test(standing()) },
];

const LAST = STEPS.length - 1;

// The steps are Alice's; whoever looks as somebody else is brought back first.
async function ready(then) {
  if (chat.me !== "U0ALICE001") await become("U0ALICE001");
  pane("chat");
  go(SEC_INC);
  then();
}

function point(action, block) {
  const scope = [...document.querySelectorAll("#messages article")].reverse();
  const found = scope.flatMap((one) => [...one.querySelectorAll(`[data-action-id="${action}"]`)])
    .find((one) => !block || one.closest(`[data-block-id="${block}"]`));
  if (!found) { toast("That button is not there yet. Do the step before it first."); return; }
  found.scrollIntoView({ block: "center" });
  found.focus();
  found.classList.add("pointed");
  setTimeout(() => found.classList.remove("pointed"), 3000);
}

const reached = new Set();

function drawGuide() {
  if (!chat.seen) return;
  // What was done once stays done: later states of the card hide earlier ones, and other people see less.
  STEPS.forEach((step, index) => { if (step.done()) reached.add(index); });
  if (reached.has(LAST)) STEPS.forEach((_, index) => reached.add(index));
  const at = STEPS.findIndex((_, index) => !reached.has(index));
  keep($("guide"), JSON.stringify([[...reached], folded, at === LAST && demo.clock.left, at === LAST && demo.clock.ahead]), () => [
    el("div", { class: "guide-head" }, el("h2", { id: "guide-title" }, at < 0 ? "That was a revocation" : "First run"),
      el("span", { class: "dim" }, at < 0 ? "" : `step ${at + 1} of ${STEPS.length} · about two minutes`),
      el("button", { type: "button", class: "button small", "data-keeps": "fold", "aria-expanded": String(!folded), "aria-controls": "guide-steps", click: () => { folded = !folded; drawGuide(); } }, folded ? "Show" : "Hide")),
    el("ol", { id: "guide-steps", class: "steps", hidden: folded }, at < 0 ? null : STEPS.map((step, index) => stepLine(step, index, at))),
    at < 0 && !folded ? next() : null,
  ]);
}

function stepLine(step, index, at) {
  const state = reached.has(index) ? "done" : index === at ? "now" : "later";
  const button = ([label, does], look = "primary") => el("button", { type: "button", class: `button small ${look}`, "data-keeps": `step-${index}-${label}`, click: does }, label);
  return el("li", { class: state, "aria-current": state === "now" ? "step" : null },
    el("strong", {}, step.title), state === "done" ? el("span", { class: "sr" }, " (done)") : null,
    state === "now" ? el("p", {}, step.words) : null,
    state === "now" ? el("div", { class: "actions" },
      demo.clock.left ? el("span", { class: "dim" }, `${demo.clock.left} h to go …`) : [button(step.button), step.second ? button(step.second, "") : null]) : null);
}

const next = () => el("div", { class: "next" },
  el("p", {}, "She is off the list, by proof, and watched from now on. More to try:"),
  el("ul", {},
    el("li", {}, "A false alarm: deny @carol, press False alarm on her card, then act as Bob and approve."),
    el("li", {}, "Your shift ends: type /revoke handoff @bob and a note, then act as Bob and press Accept."),
    el("li", {}, "A drill, the whole way on a test user: /revoke drill. Then /revoke report and its id."),
    el("li", {}, "The target has no say: act as Mallory, and in #general type /revoke release @mallory."),
    el("li", {}, "Open “Break it”, kill the workers, and deny somebody meanwhile.")));

// ---------------------------------------------------------------- start

whenChanged((change) => {
  if (change.kind === "aws") refresh({ aws: true });
  else if (change.kind === "demo" || change.kind === "outage") refresh({ demo: true });
  else if (change.kind === "drawn" && aws && demo) drawGuide();
});
await refresh({ aws: true, demo: true });
