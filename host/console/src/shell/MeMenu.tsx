import { type MantineColorScheme, Menu, useMantineColorScheme } from "@mantine/core";
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

const check = <Icon name="check" size={16} />;
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
      <Menu
        opened={opened}
        onChange={setOpened}
        position="right-end"
        shadow="xl"
        width={240}
        alignItemsLabels="all"
        radius="md"
      >
        <Menu.Target>
          <TipButton tip={user.name} quiet={!slim || opened} className={className}>
            <Avatar name={user.name} of={user.id} size="small" />
            <span className={`${labelClass} cut`}>{brief ? t("shell.me") : user.name}</span>
          </TipButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{t("shell.language")}</Menu.Label>
          <Menu.RadioGroup value={i18n.language} onChange={(language) => void speak(language as Language)}>
            {(Object.keys(LANGUAGES) as Language[]).map((language) => (
              <Menu.RadioItem key={language} value={language} lang={language} checkIcon={check}>
                {LANGUAGES[language]}
              </Menu.RadioItem>
            ))}
          </Menu.RadioGroup>
          <Menu.Label>{t("shell.theme")}</Menu.Label>
          <Menu.RadioGroup value={colorScheme} onChange={(scheme) => setColorScheme(scheme as MantineColorScheme)}>
            {SCHEMES.map((scheme) => (
              <Menu.RadioItem key={scheme} value={scheme} checkIcon={check}>
                {t(`shell.themes.${scheme}`)}
              </Menu.RadioItem>
            ))}
          </Menu.RadioGroup>
          <Menu.Divider />
          <Menu.CheckboxItem checked={sound} onChange={() => setSound(switchSound())} checkIcon={check}>
            {t("shell.sound")}
          </Menu.CheckboxItem>
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
