import { MantineProvider, Modal } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";
import { useTranslation } from "react-i18next";
import { RouterProvider } from "react-router/dom";
import { queries } from "../api/queries.ts";
import { lookWhoIsIn, useSessionState } from "../api/session.ts";
import { followProfile } from "../i18n/index.ts";
import { theme } from "../theme/theme.ts";
import { Failed } from "../ui/Failed.tsx";
import { Loading } from "../ui/Loading.tsx";
import { router } from "./routes.tsx";

const SignInPage = lazy(() => import("../signin/SignInPage.tsx"));
const SignInForm = lazy(() => import("../signin/SignInForm.tsx"));

// The page of the address for whoever is signed in; else the sign-in in its place, and the address stays.
function Content() {
  const { t } = useTranslation();
  const state = useSessionState();
  const language = state.kind === "in" ? state.session.user.language : undefined;
  useEffect(() => {
    if (language) void followProfile(language);
  }, [language]);
  if (state.kind === "unknown") {
    if (state.error === undefined) return <Loading rows={0} />;
    return <Failed title={t("app.noHost")} error={state.error} again={() => void lookWhoIsIn()} />;
  }
  if (state.kind === "none") return <SignInPage />;
  return (
    <>
      <RouterProvider router={router} />
      <Modal
        opened={state.kind === "ended"}
        onClose={() => undefined}
        withCloseButton={false}
        closeOnEscape={false}
        closeOnClickOutside={false}
        title={t("signIn.ended")}
      >
        <SignInForm login={state.session.user.login} intro={t("signIn.endedKept")} />
      </Modal>
    </>
  );
}

export function App() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" withCssVariables={false} withGlobalClasses={false}>
      <QueryClientProvider client={queries}>
        <Suspense fallback={null}>
          <Content />
        </Suspense>
      </QueryClientProvider>
    </MantineProvider>
  );
}
