#include "codes.hpp"

#include <algorithm>

#include <patchbay/words.hpp>

namespace twilio {
namespace {

struct Known {
  int code;
  Meaning meaning;
  int words;  // the code whose text it shares
};

constexpr Known kKnown[] = {
    {11751, Meaning::final, 63034},       {12300, Meaning::final, 21620},
    {20003, Meaning::credentials, 20003}, {20404, Meaning::unknown_to, 20404},
    {20429, Meaning::wait, 63018},        {21211, Meaning::final, 21211},
    {21610, Meaning::person, 21610},      {21614, Meaning::final, 21211},
    {21617, Meaning::final, 21617},       {21620, Meaning::final, 21620},
    {63003, Meaning::unknown_to, 63003},  {63005, Meaning::final, 63005},
    {63007, Meaning::final, 63007},       {63012, Meaning::final, 63012},
    {63013, Meaning::final, 63013},       {63014, Meaning::person, 63014},
    {63015, Meaning::final, 63015},       {63016, Meaning::final, 63016},
    {63018, Meaning::wait, 63018},        {63019, Meaning::final, 63019},
    {63021, Meaning::final, 63021},       {63024, Meaning::final, 63024},
    {63027, Meaning::final, 63027},       {63028, Meaning::final, 63028},
    {63032, Meaning::final, 63032},       {63034, Meaning::final, 63034},
    {63049, Meaning::final, 63049},       {63051, Meaning::final, 63051},
};

const Known* find(int code) {
  for (const Known& known : kKnown) {
    if (known.code == code) return &known;
  }
  return nullptr;
}

// A line of words from outside.
std::string line_of(const std::string& words) {
  constexpr std::size_t kMost = 300;
  std::string out = words;
  std::replace_if(
      out.begin(), out.end(), [](unsigned char c) { return c < 0x20; }, ' ');
  return patchbay::excerpt(out, kMost);
}

}  // namespace

Meaning meaning_of(int code) {
  const Known* known = find(code);
  return known ? known->meaning : Meaning::final;
}

CodeText::CodeText(int code, const std::string& description) {
  const Known* known = find(code);
  id = known ? "twilio.code." + std::to_string(known->words) : code > 0 ? "twilio.refused" : "twilio.failed";
  args = code > 0 ? Json{{"code", std::to_string(code)}} : Json::object();
  if (!known && code > 0) args["description"] = line_of(description);
}

}  // namespace twilio
