import { PasswordInput, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type SubmitEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, SITE_PATH, take } from "../api/client.ts";
import { Problem, Unreachable } from "../api/problem.ts";
import { signIn } from "../api/session.ts";
import { Button } from "../ui/Button.tsx";
import { Banner } from "../ui/pieces.tsx";
import { useNow } from "../ui/Relative.tsx";
import styles from "./SignIn.module.css";

interface Refusal {
  kind: "wrong" | "locked" | "away" | "other";
  reason: string;
  until: number;
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof Unreachable) return { kind: "away", reason: "", until: 0 };
  if (!(error instanceof Problem)) throw error;
  if (error.status === 401) return { kind: "wrong", reason: error.message, until: 0 };
  if (error.status === 429)
    return { kind: "locked", reason: error.message, until: Date.now() + 1000 * Math.max(1, error.retryAfter) };
  if (error.status >= 500) return { kind: "away", reason: error.message, until: 0 };
  return { kind: "other", reason: error.reason, until: 0 };
}

// The address that was wanted, below the site.
function wanted(): string {
  return location.pathname.slice(SITE_PATH.length) + location.search || "/";
}

// `login`: of who was signed in until now. What is typed stays whatever happens.
export default function SignInForm({ login: known = "", intro }: { login?: string; intro?: string }) {
  const { t, i18n } = useTranslation();
  const [login, setLogin] = useState(known);
  const [password, setPassword] = useState("");
  const [missing, setMissing] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<Refusal>();
  const first = useRef<HTMLInputElement>(null);
  const second = useRef<HTMLInputElement>(null);
  const now = useNow(1000);
  const ways = useQuery({ queryKey: ["ways"], queryFn: () => take(api.GET("/api/v1/session/ways")), staleTime: 0 });
  const openid = ways.data?.openid;

  useEffect(() => {
    (known ? second : first).current?.focus();
  }, [known]);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy) return;
    setMissing(!login.trim() || !password);
    if (!login.trim()) return first.current?.focus();
    if (!password) return second.current?.focus();
    setBusy(true);
    setRefusal(undefined);
    try {
      await signIn(login.trim(), password);
    } catch (error) {
      setRefusal(refusalOf(error));
      second.current?.focus();
    } finally {
      setBusy(false);
    }
  };

  const left = refusal?.kind === "locked" ? Math.ceil((refusal.until - now) / 1000) : 0;
  const wait =
    left >= 60
      ? t("signIn.lockedMinutes", { count: Math.ceil(left / 60) })
      : t("signIn.lockedSeconds", { count: Math.max(1, left) });
  const says = {
    wrong: t("signIn.wrong"),
    away: refusal?.reason ? t("signIn.refusing", { reason: refusal.reason }) : t("signIn.away"),
    locked: left > 0 ? `${t("signIn.locked")} ${wait}` : t("signIn.unlocked"),
    other: refusal?.reason ?? "",
  };

  return (
    <form className={styles.form} onSubmit={submit} noValidate>
      {intro && <p className={styles.intro}>{intro}</p>}
      {refusal && (
        <Banner
          kind={refusal.kind === "away" ? "warn" : "bad"}
          icon={refusal.kind === "away" ? "warn" : "bad"}
          role="alert"
        >
          {says[refusal.kind]}
        </Banner>
      )}
      <TextInput
        ref={first}
        label={t("signIn.login")}
        name="username"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        value={login}
        error={missing && !login.trim() ? t("signIn.loginMissing") : undefined}
        onChange={(event) => setLogin(event.currentTarget.value)}
      />
      <PasswordInput
        ref={second}
        data-autofocus={known ? "" : undefined}
        label={t("signIn.password")}
        name="password"
        autoComplete="current-password"
        value={password}
        error={missing && !password ? t("signIn.passwordMissing") : undefined}
        visibilityToggleButtonProps={{ "aria-label": t("signIn.show"), "aria-hidden": false, tabIndex: 0 }}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <Button type="submit" tone="primary" size="large" wide busy={busy}>
        {t("signIn.do")}
      </Button>
      {openid && (
        <>
          <div className={styles.or}>{t("signIn.or")}</div>
          <Button
            size="large"
            wide
            lang={i18n.language}
            onClick={() => location.assign(`${openid}?${new URLSearchParams({ return_to: wanted() })}`)}
          >
            {t("signIn.openid")}
          </Button>
        </>
      )}
    </form>
  );
}
