// A host and Meta's platform that know each other.
import assert from "node:assert/strict";
import { GraphSimulator } from "../../simulators/meta/graph.ts";
import { Messenger, type Page } from "../../simulators/meta/messenger.ts";
import { eventually, type Options, Patchbay } from "./patchbay.ts";

export const SITE = "https://chat.example/app";
export const ANA = "6543210987654321";

export class Stage {
  readonly graph: GraphSimulator;
  readonly messenger: Messenger;
  readonly host: Patchbay;
  readonly profile: string;
  grant = "";

  private constructor(graph: GraphSimulator, host: Patchbay, profile: string) {
    this.graph = graph;
    this.messenger = new Messenger(graph);
    this.host = host;
    this.profile = profile;
  }

  // The proxy in front of the host takes the site's path off.
  static async open(options: Options = {}): Promise<Stage> {
    const graph = await GraphSimulator.start();
    try {
      const host = await Patchbay.start({ siteUrl: SITE, ...options, allow: [`127.0.0.1:${graph.port}`, ...(options.allow ?? [])] });
      graph.resolve = (url) => url.replace(SITE, host.address);
      const settings = { app_id: graph.appId, app_secret: graph.appSecret, graph_base: graph.address, dialog_base: graph.address };
      const made = await host.post("/api/v1/profiles", { plugin: "messenger", name: "Our app", settings });
      assert.equal(made.status, 201, JSON.stringify(made.body));
      return new Stage(graph, host, made.body.id);
    } catch (error) {
      await graph.stop(); // else its socket keeps the test alive for ever
      throw error;
    }
  }

  // The person agrees at Facebook, and the browser comes back.
  async signIn(wanted: object): Promise<any> {
    const begun = await this.host.post("/api/v1/sign-ins", wanted);
    assert.equal(begun.status, 201, JSON.stringify(begun.body));
    const agreed = await fetch(begun.body.address, { redirect: "manual" });
    const back = new URL(agreed.headers.get("location") ?? "");
    const seen = await fetch(`${this.host.address}/oauth/callback${back.search}`);
    assert.equal(seen.status, 200, await seen.text());
    const done = (await this.host.get(`/api/v1/sign-ins/${begun.body.id}`)).body;
    assert.equal(done.state, "done", JSON.stringify(done));
    this.grant = done.grant;
    return done;
  }

  // A set-up up to the choice of pages; answers the step.
  async begin(): Promise<{ path: string; answer: any }> {
    const draft = await this.host.post("/api/v1/integrations", { plugin: "messenger", draft: true });
    assert.equal(draft.status, 201, JSON.stringify(draft.body));
    const path = `/api/v1/integrations/${draft.body.id}/step`;
    assert.equal((await this.host.get(path)).body.step.sign_in, "account");
    await this.signIn({ integration: draft.body.id, grant: "account" });
    return { path, answer: await this.host.post(path, { input: {} }) };
  }

  // All pages, connected; answers the integrations in their order.
  async connect(...pages: Page[]): Promise<string[]> {
    const { path } = await this.begin();
    const done = await this.host.post(path, { input: { pages: pages.map((page) => page.id) } });
    assert.equal(done.status, 200, JSON.stringify(done.body));
    const ids = done.body.made.map((each: any) => each.id);
    for (const id of ids) {
      const active = await this.host.post(`/api/v1/integrations/${id}/activate`);
      assert.equal(active.status, 200, JSON.stringify(active.body));
    }
    return ids;
  }

  async chat(integration: string): Promise<any> {
    return eventually("a chat", async () => (await this.host.chats(integration))[0]);
  }

  // Messages of the only chat once there are `count`.
  async messages(integration: string, count: number): Promise<any[]> {
    const chat = await this.chat(integration);
    return eventually(`${count} messages`, async () => {
      const all = await this.host.messages(chat.id);
      return all.length >= count && all;
    }, 30);
  }

  async send(chat: string, body: object): Promise<string> {
    const posted = await this.host.post(`/api/v1/chats/${chat}/messages`, body);
    assert.equal(posted.status, 202, JSON.stringify(posted.body));
    return posted.body.id;
  }

  async reaches(chat: string, message: string, state: string): Promise<any> {
    return eventually(`state ${state} of ${message}`, async () => {
      const found = (await this.host.messages(chat)).find((each) => each.id === message);
      return found?.state === state && found;
    }, 40);
  }

  async becomes(integration: string, state: string): Promise<any> {
    return eventually(`${integration} is ${state}`, async () => {
      const { body } = await this.host.get(`/api/v1/integrations/${integration}`);
      return body.state === state && body;
    }, 60);
  }

  async close(): Promise<void> {
    await this.host.stop();
    await this.graph.stop();
  }
}
