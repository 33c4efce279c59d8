import { Tooltip } from "@mantine/core";
import type { ComponentPropsWithRef, ReactNode } from "react";
import styles from "./Button.module.css";
import { Icon, type IconName } from "./Icon.tsx";

type Tone = "default" | "primary" | "quiet" | "danger";
type Size = "small" | "default" | "large";

interface Look {
  tone?: Tone;
  size?: Size;
  busy?: boolean; // what was asked for is under way; pressing does nothing
}

type Props = Omit<ComponentPropsWithRef<"button">, "size"> &
  Look & { icon?: IconName; keys?: string; wide?: boolean; children: ReactNode };

export function Button({
  tone = "default",
  size = "default",
  icon,
  keys,
  wide,
  busy,
  children,
  onClick,
  className,
  ...others
}: Props) {
  return (
    <button
      type="button"
      className={className ? `${styles.btn} ${className}` : styles.btn}
      data-tone={tone}
      data-size={size}
      data-wide={wide || undefined}
      data-busy={busy || undefined}
      aria-disabled={busy || undefined}
      onClick={busy ? undefined : onClick}
      {...others}
    >
      {busy ? <Icon name="busy" size={16} className={styles.spin} /> : icon && <Icon name={icon} size={16} />}
      {children}
      {keys && <kbd aria-hidden="true">{keys}</kbd>}
    </button>
  );
}

type IconProps = Omit<ComponentPropsWithRef<"button">, "size" | "children"> &
  Look & { icon: IconName; label: string; keys?: string };

// Its name is what the tooltip says.
export function IconButton({
  icon,
  label,
  keys,
  tone = "quiet",
  size = "default",
  busy,
  onClick,
  className,
  ...others
}: IconProps) {
  return (
    <Tooltip label={keys ? `${label} (${keys})` : label}>
      <button
        type="button"
        className={className ? `${styles.btn} ${className}` : styles.btn}
        data-tone={tone}
        data-size={size}
        data-icon=""
        data-busy={busy || undefined}
        aria-label={label}
        aria-disabled={busy || undefined}
        onClick={busy ? undefined : onClick}
        {...others}
      >
        <Icon name={icon} size={size === "small" ? 16 : 18} />
      </button>
    </Tooltip>
  );
}

type TipProps = ComponentPropsWithRef<"button"> & { tip: string; quiet?: boolean };

// A button of any look with a tooltip beside it, for targets of menus and popovers. `quiet`: without.
export function TipButton({ tip, quiet, ...others }: TipProps) {
  return (
    <Tooltip label={tip} position="right" disabled={quiet}>
      <button type="button" {...others} />
    </Tooltip>
  );
}
