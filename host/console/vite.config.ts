import { resolve } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { compressed } from "./vite/compressed.ts";
import { themeVariablesFile } from "./vite/theme_variables.ts";

const host = process.env["PB_HOST"] ?? "http://127.0.0.1:8420";

export default defineConfig({
  base: "./", // the host serves it below any path; index.html has <base>
  plugins: [react(), themeVariablesFile(), compressed()],
  build: {
    outDir: resolve(process.env["PB_CONSOLE_DIR"] ?? "dist"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: { proxy: { "/api": host, "/sign-in": host, "/files": host } },
  test: { include: ["tests/**/*.test.ts"], environment: "node", setupFiles: ["tests/setup.ts"] },
});
