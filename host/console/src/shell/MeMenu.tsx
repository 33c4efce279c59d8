import { Menu, useMantineColorScheme } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { signOut, useSession } from "../api/session.ts";
import { soundIsOn, switchSound } from "../desk/sound.ts";
import { LANGUAGES, type Language, speak } from "../i18n/index.ts";
import { TipButton } from "../ui/Button.tsx";
import { reasonOf } from "../ui/Failed.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Avatar } from "../ui/pieces.tsx";
import { toast } from "../ui/toasts.tsx";
import { PasswordDialog } from "./PasswordDialog.tsx";

const SCHEMES = ["auto", "light", "dark"] as const;

interface Props {
  className: string;
  labelClass: string | undefined;
  slim: boolean;
  brief?: boolean;
  onKeys: () => void;
}

const mark = (on: boolean) => (on ? <Icon name="check" size={16} /> : <span />);

export function MeMenu({ className, labelClass, slim, brief, onKeys }: Props) {
  const { t, i18n } = useTranslation();
  const { user } = useSession();
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const [opened, setOpened] = useState(false);
  const [password, setPassword] = useState(false);
  const [sound, setSound] = useState(soundIsOn);
  const leave = () => void signOut().catch((error) => toast(reasonOf(error, t("common.unreachable"))));
  return (
    <>
      <Menu opened={opened} onChange={setOpened} position="right-end" shadow="xl" width={240} radius="md">
        <Menu.Target>
          <TipButton tip={user.name} quiet={!slim || opened} className={className}>
            <Avatar name={user.name} of={user.id} size="small" />
            <span className={`${labelClass} cut`}>{brief ? t("shell.me") : user.name}</span>
          </TipButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{t("shell.language")}</Menu.Label>
          {(Object.keys(LANGUAGES) as Language[]).map((language) => (
            <Menu.Item
              key={language}
              lang={language}
              role="menuitemradio"
              aria-checked={i18n.language === language}
              rightSection={mark(i18n.language === language)}
              onClick={() => void speak(language)}
            >
              {LANGUAGES[language]}
            </Menu.Item>
          ))}
          <Menu.Label>{t("shell.theme")}</Menu.Label>
          {SCHEMES.map((scheme) => (
            <Menu.Item
              key={scheme}
              role="menuitemradio"
              aria-checked={colorScheme === scheme}
              rightSection={mark(colorScheme === scheme)}
              onClick={() => setColorScheme(scheme)}
            >
              {t(`shell.themes.${scheme}`)}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item
            role="menuitemcheckbox"
            aria-checked={sound}
            rightSection={mark(sound)}
            onClick={() => setSound(switchSound())}
          >
            {t("shell.sound")}
          </Menu.Item>
          <Menu.Item onClick={onKeys}>{t("shell.keys")}</Menu.Item>
          <Menu.Item onClick={() => setPassword(true)}>{t("shell.changePassword")}</Menu.Item>
          <Menu.Divider />
          <Menu.Item onClick={leave}>{t("shell.signOut")}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <PasswordDialog opened={password} onClose={() => setPassword(false)} />
    </>
  );
}
