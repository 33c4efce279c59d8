import { useTranslation } from "react-i18next";
import { LANGUAGES, type Language, speak } from "../i18n/index.ts";
import { Brand } from "../ui/Brand.tsx";
import { Button } from "../ui/Button.tsx";
import styles from "./SignIn.module.css";
import SignInForm from "./SignInForm.tsx";

export default function SignInPage() {
  const { t, i18n } = useTranslation();
  document.title = `${t("signIn.title")} · Patchbay`;
  return (
    <div className={styles.page}>
      <main className={styles.card}>
        <div className={styles.brand}>
          <Brand size={28} />
          Patchbay
        </div>
        <h1>{t("signIn.title")}</h1>
        <SignInForm />
      </main>
      <div className={styles.foot}>
        {(Object.keys(LANGUAGES) as Language[]).map((language) => (
          <Button
            key={language}
            tone="quiet"
            size="small"
            lang={language}
            aria-pressed={i18n.language === language}
            onClick={() => void speak(language)}
          >
            {LANGUAGES[language]}
          </Button>
        ))}
      </div>
    </div>
  );
}
