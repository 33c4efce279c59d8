// In the place of what could not be loaded: the reason, whether anything is lost, what to do.
import { useTranslation } from "react-i18next";
import { Problem, Unreachable } from "../api/problem.ts";
import { Button } from "./Button.tsx";
import { Empty } from "./pieces.tsx";
import { toast } from "./toasts.tsx";

export function Failed({ title, error, again }: { title: string; error: unknown; again: () => void }) {
  const { t } = useTranslation();
  const id = error instanceof Problem ? error.requestId : "";
  const copy = () => void navigator.clipboard?.writeText(id).then(() => toast(t("common.copied")));
  return (
    <Empty
      kind="stopped"
      icon="bad"
      title={title}
      actions={
        <>
          <Button icon="re" onClick={again}>
            {t("common.tryNow")}
          </Button>
          {id && (
            <Button tone="quiet" icon="copy" onClick={copy}>
              {t("common.copyRequestId")}
            </Button>
          )}
        </>
      }
    >
      {reasonOf(error, t("common.unreachable"))}
    </Empty>
  );
}

export function reasonOf(error: unknown, unreachable: string): string {
  if (error instanceof Unreachable) return unreachable;
  if (error instanceof Problem) return error.reason;
  return error instanceof Error ? error.message : String(error);
}
