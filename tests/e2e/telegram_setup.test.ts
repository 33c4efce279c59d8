// Setting a bot up, against the simulator: TG-1, TG-3, CHAT-25, CHAT-26.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually } from "./support/patchbay.ts";
import { SITE, Stage, TOKEN } from "./support/telegram.ts";

let stage: Stage;
before(async () => {
  stage = await Stage.open();
});
after(() => stage?.close());

test("check names the bot; activating registers the webhook with a secret of its own; deactivating removes it", async () => {
  const id = await stage.host.integrate("telegram", "Support", { ...stage.settings, mode: "webhook" });
  const report = await stage.host.post(`/api/v1/integrations/${id}/check`);
  assert.equal(report.status, 200);
  assert.equal(report.body.ok, true);
  assert.equal(report.body.identity, "bot:123456789");
  assert.match(report.body.title, /Support Bot/);

  const active = await stage.host.post(`/api/v1/integrations/${id}/activate`);
  assert.equal(active.status, 200, JSON.stringify(active.body));
  assert.equal(active.body.state, "active");
  assert.equal(stage.bot.webhook?.url, `${SITE}/hooks/telegram/${id}/update`);
  assert.match(stage.bot.webhook?.secret ?? "", /^[A-Za-z0-9_-]{32,}$/);
  assert.equal((await stage.host.post(`/api/v1/integrations/${id}/activate`)).status, 200);

  const inactive = await stage.host.post(`/api/v1/integrations/${id}/deactivate`);
  assert.equal(inactive.status, 200);
  assert.equal(inactive.body.state, "inactive");
  assert.equal(stage.bot.webhook, undefined);
});

test("the same bot twice is refused and the holder is named", async () => {
  const first = await stage.connect("webhook", "First");
  const second = await stage.host.integrate("telegram", "Second", { ...stage.settings, mode: "webhook" });
  const refused = await stage.host.post(`/api/v1/integrations/${second}/activate`);
  assert.equal(refused.status, 409);
  assert.match(refused.body.detail, /First/);
  await stage.host.post(`/api/v1/integrations/${first}/deactivate`);
});

test("a wrong token is a finding at its field", async () => {
  const id = await stage.host.integrate("telegram", "Wrong", { token: "987654321:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0", api_base: stage.simulator.address });
  const report = await stage.host.post(`/api/v1/integrations/${id}/check`);
  assert.equal(report.body.ok, false);
  assert.equal(report.body.diagnostics[0].path, "/token");
  const refused = await stage.host.post(`/api/v1/integrations/${id}/activate`);
  assert.equal(refused.status, 422);
  assert.equal(refused.body.errors[0].pointer, "/token");
  assert.equal((await stage.host.get(`/api/v1/integrations/${id}`)).body.state, "inactive");
});

test("a foreign webhook stops the set-up, is named, and is taken over only when told", async () => {
  stage.bot.setWebhook({ url: "https://elsewhere.example/hook", secret: "", maxConnections: 40, lastError: undefined });
  const id = await stage.host.integrate("telegram", "Foreign", { ...stage.settings, mode: "webhook" });
  const refused = await stage.host.post(`/api/v1/integrations/${id}/activate`);
  assert.equal(refused.status, 422);
  assert.match(JSON.stringify(refused.body), /elsewhere\.example/);
  assert.equal(stage.bot.webhook?.url, "https://elsewhere.example/hook");
  const taken = await stage.host.post(`/api/v1/integrations/${id}/activate`, { take_over: true });
  assert.equal(taken.status, 200);
  assert.match(stage.bot.webhook?.url ?? "", /hooks\/telegram/);
  await stage.host.post(`/api/v1/integrations/${id}/deactivate`);
});

test("an unknown setting names the nearest, a missing one its name; the reader's language is spoken", async () => {
  const wrong = await stage.host.post("/api/v1/integrations", { plugin: "telegram", name: "x", settings: { token: TOKEN, mod: "polling" } });
  assert.equal(wrong.status, 422);
  assert.equal(wrong.body.errors[0].pointer, "/mod");
  assert.match(JSON.stringify(wrong.body.errors[0]), /mode/);
  const missing = await stage.host.post("/api/v1/integrations", { plugin: "telegram", name: "x", settings: {} }, { "accept-language": "ru" });
  assert.equal(missing.body.errors[0].pointer, "/token");
  assert.match(missing.body.errors[0].detail, /[а-я]/i);
});

test("webhook mode needs an https address, polling needs none", async () => {
  const other = await Stage.open({ siteUrl: "http://plain.example" });
  try {
    const refused = await other.host.integrate("telegram", "Hook", { ...other.settings, mode: "webhook" });
    const answer = await other.host.post(`/api/v1/integrations/${refused}/activate`);
    assert.equal(answer.status, 422);
    assert.match(JSON.stringify(answer.body), /https/);
    await other.connect("polling");
  } finally {
    await other.close();
  }
});

test("a new public address reaches the provider while the host runs, and so does the way back", async () => { // SET-2, SET-3
  const id = await stage.connect("webhook", "Moved");
  const set = (value: unknown): Promise<unknown> => stage.host.call("PUT", "/api/v1/settings/SiteUrl", { value });
  await set("https://moved.example/in/");
  await eventually("it is told the new one", async () => stage.bot.webhook?.url.startsWith("https://moved.example/in/hooks/telegram/"));
  assert.equal((await stage.host.get("/api/v1/openapi.json")).body.servers[0].url, "https://moved.example/in");
  assert.equal((await stage.host.get("/in/api/v1/settings/SiteUrl")).body.value, "https://moved.example/in", "its path may be there or not");
  await set(null);
  await eventually("it is told the old one", async () => stage.bot.webhook?.url.startsWith(`${SITE}/hooks/telegram/`));
  await stage.host.post(`/api/v1/integrations/${id}/deactivate`);
});

test("secrets come back nowhere", async () => { // ACC-4, SET-1
  const id = await stage.host.integrate("telegram", "Quiet", { ...stage.settings, mode: "webhook" });
  await stage.host.post(`/api/v1/integrations/${id}/activate`);
  const shown = JSON.stringify([(await stage.host.get(`/api/v1/integrations/${id}`)).body, (await stage.host.get("/api/v1/integrations")).body]);
  assert.ok(!shown.includes(TOKEN));
  assert.ok(!stage.host.output.includes(TOKEN), "the token stands in the log");
  assert.ok(!stage.host.output.includes(stage.bot.webhook!.secret), "the webhook secret stands in the log");
  await stage.host.post(`/api/v1/integrations/${id}/deactivate`);
});

test("a bot that is away can be disconnected", async () => {
  const id = await stage.connect("webhook", "Away");
  const port = await stage.simulator.pause();
  const answer = await stage.host.post(`/api/v1/integrations/${id}/deactivate`);
  assert.equal(answer.status, 200);
  assert.equal(answer.body.state, "inactive");
  await stage.simulator.resume(port);
  stage.bot.setWebhook(undefined);
});

test("a revoked token asks to sign in again", async () => {
  const id = await stage.connect("polling", "Revoked");
  stage.bot.revoked = true;
  stage.bot.stop(); // the open poll ends
  try {
    await eventually("sign_in_again", async () => (await stage.host.get(`/api/v1/integrations/${id}`)).body.state === "sign_in_again", 30);
  } finally {
    stage.bot.revoked = false;
    await stage.host.post(`/api/v1/integrations/${id}/deactivate`);
  }
});
