import { el } from "./dom.ts";
import type { Ask, Settings } from "./model.ts";
import type { Texts } from "./texts.ts";

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

class Field {
  readonly input: HTMLInputElement;
  readonly node: HTMLElement;
  private readonly problem: HTMLElement;
  private readonly ask: Ask;

  constructor(title: string, ask: Ask, words: Texts, attributes: Record<string, string>) {
    this.ask = ask;
    this.problem = el("i", { id: `${attributes["name"]}-problem` });
    this.input = el("input", { ...attributes, maxlength: "100", "aria-describedby": this.problem.id, ...(ask === "required" ? { required: "" } : {}) });
    this.node = el("label", {}, el("span", {}, el("b", {}, title), ask === "optional" ? ` (${words.optional})` : ""), this.input, this.problem);
    this.problem.hidden = true;
  }

  get value(): string {
    return this.input.value.trim();
  }

  check(needed: string, wrong: string | false): boolean {
    const problem = this.ask === "required" && !this.value ? needed : wrong && this.value ? wrong : "";
    this.problem.textContent = problem;
    this.problem.hidden = !problem;
    this.input.setAttribute("aria-invalid", String(problem !== ""));
    return problem === "";
  }
}

// What a visitor is asked before the first message, if anything.
export class IntroductionForm {
  readonly node = el("form", { class: "form", novalidate: "" });
  readonly isWanted: boolean;
  private readonly fields: Field[] = [];

  constructor(settings: Settings, words: Texts, done: (name: string, email: string) => void) {
    const name = new Field(words.name, settings.ask_name, words, { name: "name", autocomplete: "name" });
    const email = new Field(words.email, settings.ask_email, words, { name: "email", type: "email", autocomplete: "email", inputmode: "email" });
    if (settings.ask_name !== "no") this.fields.push(name);
    if (settings.ask_email !== "no") this.fields.push(email);
    this.isWanted = this.fields.length > 0;
    this.node.append(el("b", {}, words.form), ...this.fields.map((field) => field.node), el("button", { class: "begin", type: "submit" }, words.begin));
    this.node.setAttribute("aria-label", words.form);
    this.node.onsubmit = (event) => {
      event.preventDefault();
      const wrong = this.fields.find((field) => !field.check(words.needed, field === email && !EMAIL.test(email.value) && words.emailWrong));
      if (wrong) wrong.input.focus();
      else done(name.value, email.value);
    };
  }

  get first(): HTMLElement {
    return this.fields[0]?.input ?? this.node;
  }
}
