// The variables of the theme as a file: pages under our policy may hold no <style>, where Mantine would put them.
import {
  convertCssVariables,
  DEFAULT_THEME,
  deepMerge,
  defaultCssVariablesResolver,
  mergeMantineTheme,
} from "@mantine/core";
import type { Plugin } from "vite";
import { resolver, theme } from "../src/theme/theme.ts";

const NAME = "virtual:theme-variables.css";

export function themeVariables(): string {
  const whole = mergeMantineTheme(DEFAULT_THEME, theme);
  const schemes = {
    variables: {},
    light: { "--mantine-color-scheme": "light" },
    dark: { "--mantine-color-scheme": "dark" },
  };
  const all = deepMerge(deepMerge(defaultCssVariablesResolver(whole), resolver(whole)), schemes);
  return convertCssVariables(all, ":root");
}

export function themeVariablesFile(): Plugin {
  return {
    name: "theme-variables",
    resolveId: (id) => (id === NAME ? `\0${NAME}` : null),
    load: (id) => (id === `\0${NAME}` ? themeVariables() : null),
  };
}
