// An address that leads nowhere, and a page that broke.
import { useTranslation } from "react-i18next";
import { useNavigate, useRouteError } from "react-router";
import { Button } from "../ui/Button.tsx";
import { Empty } from "../ui/pieces.tsx";

export function Lost() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const error = useRouteError();
  if (error) {
    return (
      <main id="main">
        <Empty
          kind="stopped"
          icon="bad"
          title={t("app.broken")}
          actions={
            <Button icon="re" onClick={() => location.reload()}>
              {t("app.reload")}
            </Button>
          }
        >
          {t("app.brokenWhat", { reason: error instanceof Error ? error.message : String(error) })}
        </Empty>
      </main>
    );
  }
  return (
    <main id="main">
      <Empty
        icon="search"
        title={t("app.lost")}
        actions={<Button onClick={() => void navigate("/desk")}>{t("app.toDesk")}</Button>}
      >
        {t("app.lostWhat")}
      </Empty>
    </main>
  );
}
