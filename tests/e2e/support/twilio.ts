// A host and a simulator of Twilio that know each other.
import type { Account, AccountOptions, Person } from "../../simulators/twilio/account.ts";
import { TwilioSimulator } from "../../simulators/twilio/server.ts";
import { ChatStage } from "./chat_stage.ts";
import { eventually, type Options, Patchbay } from "./patchbay.ts";

export const SITE = "https://crm.example/app";
export const NUMBER = "+442071234567";
export const ANA: Person & { number: string } = { number: "+4915112345678", name: "Ana" };

export class TwilioStage extends ChatStage {
  readonly simulator: TwilioSimulator;
  readonly account: Account;

  private constructor(simulator: TwilioSimulator, host: Patchbay, account: Account) {
    super(host);
    this.simulator = simulator;
    this.account = account;
  }

  // The proxy in front of the host takes the site's path off.
  static async open(account: AccountOptions = {}, options: Options = {}): Promise<TwilioStage> {
    const simulator = await TwilioSimulator.start();
    const host = await Patchbay.start({ siteUrl: SITE, allow: simulator.ports.map((port) => `127.0.0.1:${port}`), ...options }).catch(async (error) => {
      await simulator.stop(); // else its socket keeps the test alive for ever
      throw error;
    });
    const made = simulator.addAccount({ resolve: (url) => url.replace(SITE, host.address), ...account });
    made.addSender(NUMBER);
    return new TwilioStage(simulator, host, made);
  }

  get settings(): object {
    return { phone_number: NUMBER, account_sid: this.account.sid, auth_token: this.account.token, api_base: this.simulator.address };
  }

  connect(name = "Support", more: object = {}): Promise<string> {
    return this.host.connect("whatsapp-twilio", name, { ...this.settings, ...more });
  }

  // A draft whose set-up has begun; answers the path of its steps.
  async beginSetup(): Promise<{ draft: string; path: string }> {
    const draft = await this.host.post("/api/v1/integrations", { plugin: "whatsapp-twilio", draft: true, settings: { api_base: this.simulator.address } });
    if (draft.status !== 201) throw new Error(JSON.stringify(draft.body));
    const path = `/api/v1/integrations/${draft.body.id}/step`;
    const first = await this.host.get(path);
    if (first.body.step?.id !== "account") throw new Error(JSON.stringify(first.body));
    return { draft: draft.body.id, path };
  }

  // Asks Twilio for what no webhook brought, and waits until that is done.
  async repair(integration: string): Promise<any> {
    const job = await eventually("the job", async () => (await this.host.all(`/api/v1/jobs?integration=${integration}`)).find((each) => each.last_run?.outcome === "done"));
    const runs = async (): Promise<any[]> => this.host.all(`/api/v1/jobs/${job.id}/runs`);
    const before = (await runs())[0].id;
    const asked = await this.host.post(`/api/v1/jobs/${job.id}/run`);
    if (asked.status >= 300) throw new Error(JSON.stringify(asked.body));
    return eventually("another run", async () => {
      const [last] = await runs();
      return last.id !== before && last.outcome === "done" && last;
    });
  }

  async close(): Promise<void> {
    await this.host.stop();
    await this.simulator.stop();
  }
}
