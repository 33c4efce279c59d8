import { Modal } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useSingleKeys } from "../ui/shortcuts.ts";
import styles from "./Shell.module.css";

const KEYS = [
  ["accept", ["A"]],
  ["previous", ["Alt", "↑"]],
  ["next", ["Alt", "↓"]],
  ["unread", ["Alt", "U"]],
  ["write", ["R"]],
  ["transfer", ["T"]],
  ["finish", ["Shift", "F"]],
  ["case", ["C"]],
  ["status", ["Alt", "S"]],
  ["send", ["Enter"]],
  ["line", ["Shift", "Enter"]],
  ["replies", ["/"]],
  ["undo", ["Z"]],
  ["rail", ["["]],
  ["desk", ["G", "D"]],
  ["pane", ["F6"]],
  ["help", ["?"]],
] as const;

export function KeysDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const [single, setSingle] = useSingleKeys();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t("keys.title")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <dl className={styles.keys}>
        {KEYS.map(([name, keys]) => (
          <div key={name} style={{ display: "contents" }}>
            <dt>{t(`keys.${name}`)}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
      <label className={styles.option}>
        <input type="checkbox" checked={single} onChange={(event) => setSingle(event.currentTarget.checked)} />
        {t("keys.single")}
      </label>
    </Modal>
  );
}
