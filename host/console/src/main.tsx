import "./styles/mantine.ts";
import "virtual:theme-variables.css";
import "./styles/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { lookWhoIsIn } from "./api/session.ts";
import { App } from "./app/App.tsx";
import { startLanguages } from "./i18n/index.ts";

const root = document.getElementById("root");
if (!root) throw new Error("the page has no root");
await startLanguages();
void lookWhoIsIn();
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
