// What tests of channels do with a host: look at chats, send files, wait for states.
import { eventually, type Patchbay } from "./patchbay.ts";

export class ChatStage {
  readonly host: Patchbay;

  constructor(host: Patchbay) {
    this.host = host;
  }

  async onlyChat(integration: string): Promise<any> {
    return eventually("a chat", async () => (await this.host.chats(integration))[0]);
  }

  // Messages of the only chat once there are `count`.
  async messages(integration: string, count: number): Promise<any[]> {
    const chat = await this.onlyChat(integration);
    return eventually(`${count} messages`, async () => {
      const all = await this.host.messages(chat.id);
      return all.length >= count && all;
    });
  }

  async state(chat: string, message: string): Promise<any> {
    return (await this.host.messages(chat)).find((candidate) => candidate.id === message);
  }

  async reaches(chat: string, message: string, state: string, seconds = 20): Promise<any> {
    let last = "";
    return eventually(`state ${state} of ${message}`, async () => {
      const found = await this.state(chat, message);
      last = found?.state;
      return found?.state === state && found;
    }, seconds).catch((error) => {
      throw new Error(`${error.message}; it is ${last}`);
    });
  }

  async upload(name: string, type: string, bytes: Uint8Array): Promise<string> {
    const form = new FormData();
    form.append("file", new Blob([bytes as BlobPart], { type }), name);
    const response = await fetch(`${this.host.address}/api/v1/files`, { method: "POST", headers: { authorization: `Bearer ${this.host.token}` }, body: form });
    const body: any = await response.json();
    if (response.status !== 201) throw new Error(`upload: ${response.status} ${JSON.stringify(body)}`);
    return body.id;
  }

  async download(id: string): Promise<Uint8Array> {
    const response = await fetch(`${this.host.address}/api/v1/files/${id}`, { headers: { authorization: `Bearer ${this.host.token}` } });
    if (response.status !== 200) throw new Error(`download: ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  }
}
