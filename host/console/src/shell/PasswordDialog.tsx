import { Modal, PasswordInput } from "@mantine/core";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client.ts";
import { Problem } from "../api/problem.ts";
import { useSession } from "../api/session.ts";
import { Button } from "../ui/Button.tsx";
import { reasonOf } from "../ui/Failed.tsx";
import { Banner } from "../ui/pieces.tsx";
import { toast } from "../ui/toasts.tsx";
import styles from "./Shell.module.css";

export function PasswordDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t("password.title")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      {opened && <PasswordForm onClose={onClose} />}
    </Modal>
  );
}

function PasswordForm({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const { user } = useSession();
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const [again, setAgain] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [checked, setChecked] = useState(false);
  const findings = error instanceof Problem ? error.findings : [];
  const finding = (pointer: string) => (error instanceof Problem ? error.of(pointer) : undefined);
  const differs = checked && again !== fresh;
  const show = { "aria-label": t("signIn.show"), "aria-hidden": false, tabIndex: 0 } as const;

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setChecked(true);
    if (busy || !old || !fresh || again !== fresh) return;
    setBusy(true);
    setError(undefined);
    try {
      await take(api.POST("/api/v1/session/password", { body: { old, new: fresh } }));
      toast(t("password.done"));
      onClose();
    } catch (reason) {
      setError(reason);
    } finally {
      setBusy(false);
    }
  };

  return (
    <form className={styles.form} onSubmit={submit} noValidate>
      <input type="text" name="username" autoComplete="username" value={user.login} readOnly hidden />
      {error !== undefined && findings.length === 0 && (
        <Banner kind="bad" icon="bad" role="alert">
          {reasonOf(error, t("common.unreachable"))}
        </Banner>
      )}
      <PasswordInput
        label={t("password.old")}
        autoComplete="current-password"
        value={old}
        error={finding("/old") ?? (checked && !old ? t("password.missing") : undefined)}
        visibilityToggleButtonProps={show}
        onChange={(event) => setOld(event.currentTarget.value)}
        data-autofocus
      />
      <PasswordInput
        label={t("password.new")}
        description={t("password.help")}
        autoComplete="new-password"
        value={fresh}
        error={finding("/new") ?? (checked && !fresh ? t("password.missing") : undefined)}
        visibilityToggleButtonProps={show}
        onChange={(event) => setFresh(event.currentTarget.value)}
      />
      <PasswordInput
        label={t("password.again")}
        autoComplete="new-password"
        value={again}
        error={differs ? t("password.differs") : undefined}
        visibilityToggleButtonProps={show}
        onChange={(event) => setAgain(event.currentTarget.value)}
      />
      <div className={styles.acts}>
        <Button onClick={onClose}>{t("common.cancel")}</Button>
        <Button type="submit" tone="primary" busy={busy}>
          {t("password.do")}
        </Button>
      </div>
    </form>
  );
}
