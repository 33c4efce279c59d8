#pragma once

namespace twilio {

// Files of the plugin's folder, which a running plugin cannot read: JSON texts.
extern const char* const kEnglish;      // locales/en.json
extern const char* const kRussian;      // locales/ru.json
extern const char* const kSetupSchema;  // schema/setup.json

}  // namespace twilio
