// A host and the simulator of WhatsApp's Cloud API that know each other.
import { GraphSimulator } from "../../simulators/meta/graph.ts";
import { type Account, type Person, type PhoneNumber, type Sent, WhatsApp } from "../../simulators/meta/whatsapp.ts";
import { ChatStage } from "./chat_stage.ts";
import { eventually, type Options, Patchbay } from "./patchbay.ts";

export const SITE = "https://crm.example/app";
export const ANA: Person & { number: string } = { number: "4915112345678", name: "Ana" };

export class WhatsAppStage extends ChatStage {
  readonly graph: GraphSimulator;
  readonly whatsapp: WhatsApp;
  readonly account: Account;
  readonly number: PhoneNumber;
  token: string;

  private constructor(graph: GraphSimulator, host: Patchbay) {
    super(host);
    this.graph = graph;
    this.whatsapp = new WhatsApp(graph);
    this.account = this.whatsapp.addAccount("102290129340398");
    this.number = this.account.addNumber("106540352242922", "+1 555-078-3881", "Acme");
    this.token = this.whatsapp.newToken(this.account);
  }

  // The proxy in front of the host takes the site's path off.
  static async open(options: Options = {}): Promise<WhatsAppStage> {
    const graph = await GraphSimulator.start();
    const host = await Patchbay.start({ siteUrl: SITE, allow: [`127.0.0.1:${graph.port}`], ...options }).catch(async (error) => {
      await graph.stop(); // else its socket keeps the test alive for ever
      throw error;
    });
    graph.resolve = (url) => url.replace(SITE, host.address);
    return new WhatsAppStage(graph, host);
  }

  get input(): Record<string, string> {
    return { phone_number_id: this.number.id, account_id: this.account.id, access_token: this.token, app_secret: this.graph.appSecret };
  }
  get settings(): Record<string, string> {
    return { ...this.input, graph_base: this.graph.address };
  }

  hookOf = (integration: string): string => `${SITE}/hooks/whatsapp-cloud/${integration}/webhook`;
  connect = (name = "Support", more: object = {}): Promise<string> => this.host.connect("whatsapp-cloud", name, { ...this.settings, ...more });

  // A draft whose set-up has begun; answers the path of its steps.
  async beginSetup(): Promise<{ draft: string; path: string }> {
    const draft = await this.host.post("/api/v1/integrations", { plugin: "whatsapp-cloud", draft: true, settings: { graph_base: this.graph.address } });
    if (draft.status !== 201) throw new Error(JSON.stringify(draft.body));
    const path = `/api/v1/integrations/${draft.body.id}/step`;
    const first = await this.host.get(path);
    if (first.body.step?.id !== "account") throw new Error(JSON.stringify(first.body));
    return { draft: draft.body.id, path };
  }

  // A message goes out; answers what WhatsApp was made to send for it, once it is in that state.
  async send(chat: string, body: object, state = "delivered"): Promise<Sent[]> {
    const before = this.number.sent.length;
    const posted = await this.host.post(`/api/v1/chats/${chat}/messages`, body);
    if (posted.status !== 202) throw new Error(JSON.stringify(posted.body));
    await this.reaches(chat, posted.body.id, state, 40);
    return this.number.sent.slice(before);
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
