import { expect, test } from "vitest";
import en from "../src/i18n/en.json";
import ru from "../src/i18n/ru.json";

type Tree = { [key: string]: string | Tree };
const PLURAL = /_(zero|one|two|few|many|other)$/;

function flat(tree: Tree, path = ""): Map<string, string> {
  const all = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === "string") all.set(path + key, value);
    else for (const [inner, words] of flat(value, `${path}${key}.`)) all.set(inner, words);
  }
  return all;
}

const english = flat(en);
const russian = flat(ru);
const base = (key: string) => key.replace(PLURAL, "");
const places = (text: string) => [...new Set(text.match(/\{\{\w+\}\}/g) ?? [])].sort();

test("every text stands in both languages, with the same places", () => {
  expect([...new Set([...russian.keys()].map(base))].sort()).toEqual(
    [...new Set([...english.keys()].map(base))].sort(),
  );
  for (const [key, text] of russian) {
    const other = english.get(key) ?? english.get(`${base(key)}_other`) ?? "";
    expect(places(text), key).toEqual(places(other));
    expect(text.trim(), key).toBe(text);
    expect(text, key).not.toBe("");
  }
});

test("what is counted has all forms of its language", () => {
  const forms = { en: ["one", "other"], ru: ["few", "many", "one", "other"] };
  for (const [all, wanted] of [
    [english, forms.en],
    [russian, forms.ru],
  ] as const) {
    const counted = new Map<string, string[]>();
    for (const key of all.keys()) {
      const form = PLURAL.exec(key)?.[1];
      if (form) counted.set(base(key), [...(counted.get(base(key)) ?? []), form]);
    }
    for (const [key, found] of counted) expect(found.sort(), key).toEqual(wanted);
  }
});

test("Russian is written with ё and its own quotes", () => {
  for (const [key, text] of russian) expect(text, key).not.toMatch(/["“”]|\bеще\b|\bее\b/u);
});
