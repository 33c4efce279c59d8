import { createBrowserRouter, redirect } from "react-router";
import { SITE_PATH } from "../api/client.ts";
import { Shell } from "../shell/Shell.tsx";
import { Lost } from "./Lost.tsx";

export const router = createBrowserRouter(
  [
    {
      path: "/",
      Component: Shell,
      HydrateFallback: () => null,
      children: [
        { index: true, loader: () => redirect("/desk") },
        { path: "desk", lazy: async () => ({ Component: (await import("../desk/DeskPage.tsx")).DeskPage }) },
        {
          path: "desk/chats/:chat",
          lazy: async () => ({ Component: (await import("../desk/DeskPage.tsx")).DeskPage }),
        },
        { path: "*", Component: Lost },
      ],
      ErrorBoundary: Lost,
    },
  ],
  { basename: SITE_PATH || "/" },
);
