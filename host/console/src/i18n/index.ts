// English and Russian. What is not read is not loaded.
import i18next from "i18next";
import { initReactI18next } from "react-i18next";

export const LANGUAGES = { en: "English", ru: "Русский" } as const;
export type Language = keyof typeof LANGUAGES;

const KEPT = "pb.language";

const load = {
  en: () => import("./en.json"),
  ru: () => import("./ru.json"),
};

const isKnown = (language: string | null): language is Language => language === "en" || language === "ru";

// The first of the browser's languages that is spoken here.
const ofBrowser = (): Language | undefined => navigator.languages.map((each) => each.slice(0, 2)).find(isKnown);

function wanted(): Language {
  const kept = localStorage.getItem(KEPT);
  return isKnown(kept) ? kept : (ofBrowser() ?? "en");
}

async function add(language: Language): Promise<void> {
  if (i18next.hasResourceBundle(language, "translation")) return;
  i18next.addResourceBundle(language, "translation", (await load[language]()).default);
}

export async function startLanguages(): Promise<void> {
  const language = wanted();
  await i18next.use(initReactI18next).init({
    lng: language,
    fallbackLng: false,
    resources: {},
    interpolation: { escapeValue: false }, // React does
    returnNull: false,
  });
  await add(language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

// What the user's profile says counts where neither was chosen here nor does the browser want one of ours.
export async function followProfile(language: string): Promise<void> {
  if (localStorage.getItem(KEPT) === null && ofBrowser() === undefined && isKnown(language))
    await speak(language, false);
}

export async function speak(language: Language, keep = true): Promise<void> {
  if (keep) localStorage.setItem(KEPT, language);
  if (language === i18next.language) return;
  await add(language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}
